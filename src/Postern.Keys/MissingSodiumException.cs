namespace Postern.Keys;

/// <summary>The cryptographic library is not on this system.</summary>
public sealed class MissingSodiumException(Exception? inner) : Exception("the library libsodium is missing, or too old", inner)
{
    public string Hint { get; } = OperatingSystem.IsWindows() ? "put libsodium.dll (https://libsodium.org) beside postern.exe"
        : OperatingSystem.IsMacOS() ? "install it: brew install libsodium"
        : "install it: apt-get install libsodium23 (Fedora, Arch: libsodium)";
}
