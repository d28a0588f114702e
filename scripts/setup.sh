# Sourced by ./build, ./demo and ./test: what they need of a fresh Debian or Ubuntu machine. Installs only what is missing.

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $1"; say "hint: $2"; exit "${3:-4}"; }

# need_packages PACKAGE...
need_packages() {
    local missing=() package
    for package; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    command -v apt-get >/dev/null || die "missing: ${missing[*]}" "install them with this system's package manager"
    [ "$(id -u)" -eq 0 ] || die "missing: ${missing[*]}" "run this as root, or: sudo apt-get install ${missing[*]}" 3
    say "installing ${missing[*]}"
    if ! apt_install "${missing[@]}"; then
        apt-get -qq update >&2 && apt_install "${missing[@]}" || die "apt-get could not install ${missing[*]}" "see its output above"
    fi
}

apt_install() { DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@" >/dev/null; }

# The SDK that global.json asks for: the machine's own, else the distribution's, else Microsoft's into ~/.dotnet.
need_dotnet() {
    export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_USE_MSBUILD_SERVER=0
    has_sdk && return 0
    PATH="$HOME/.dotnet:$PATH"
    has_sdk && return 0
    if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
        say 'installing the .NET 10 SDK'
        apt-get -qq update >&2 || true
        apt_install dotnet-sdk-10.0 2>/dev/null || true
        has_sdk && return 0
    fi
    need_packages curl ca-certificates
    local script
    script=$(mktemp)
    curl -fsSL --retry 3 https://dot.net/v1/dotnet-install.sh -o "$script" && bash "$script" --channel 10.0 --install-dir "$HOME/.dotnet" >&2
    rm -f "$script"
    has_sdk || die 'the .NET 10 SDK is missing and could not be installed' 'see https://dotnet.microsoft.com/download/dotnet/10.0'
}

has_sdk() { command -v dotnet >/dev/null && dotnet --list-sdks 2>/dev/null | grep -q '^10\.'; }
