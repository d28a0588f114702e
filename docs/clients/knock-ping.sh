#!/bin/sh
# knock-ping.sh HOST SECRET-IN-HEXADECIMAL [PING-OPTIONS]: a token for 'method: icmp' (step 30s, bind nothing), sent by the system's own ping.
set -eu
host=$1 secret=$2
shift 2

bytes() { for h in $(echo "$1" | sed 's/../& /g'); do printf "\\$(printf %03o "0x$h")"; done; }
mac() { bytes "$1" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$secret" | sed 's/.*= *//' | cut -c1-16; }

label=706f737465726e2069636d70207631                                       # postern icmp v1
step=$(printf %016x $(($(date +%s) / 30)))
count=$(printf %02x $(($$ % 16)))                                          # any of 16; each is good once in a step
address=00000000000000000000000000000000
exec ping -c 1 -W 1 "$@" -p "$(mac "${label}00$step$count")$(mac "${label}01$step$count$address")" "$host"
