#!/bin/sh
# Knocks by method rolling (spec/knocks.md §3): knock-rolling.sh HOST SECRET-IN-HEX [SHORTEST LONGEST [STEP [POOL…]]]
# Needs openssl and nc. While it runs, openssl's arguments show the secret to other users of this computer.
host=$1 secret=$2 shortest=${3:-3} longest=${4:-5} seconds=${5:-30}
[ $# -gt 5 ] && shift 5 || set -- tcp/20000-29999 udp/20000-29999
size=0
for run; do ports=${run#*/} size=$((size + ${ports#*-} - ${ports%-*} + 1)); done
step=$(($(date +%s) / seconds))
mac=$(printf 'postern rolling v1 %d' "$step" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$secret" | sed 's/.* //')
word() { echo $((0x$(echo "$mac" | cut -c$(($1 * 8 + 1))-$(($1 * 8 + 8))))); }
length=$((shortest + $(word 0) % (longest - shortest + 1))) drawn=' ' i=1
while [ $i -le $length ]; do
  number=$(($(word $i) % size))
  while case $drawn in *" $number "*) ;; *) false ;; esac; do number=$(((number + 1) % size)); done
  drawn="$drawn$number " i=$((i + 1))
  for run; do
    ports=${run#*/} first=${ports%-*} width=$((${ports#*-} - ${ports%-*} + 1))
    [ $number -lt $width ] && break
    number=$((number - width))
  done
  [ -n "$SHOW" ] && echo "${run%/*}/$((first + number))" && continue
  case $run in tcp/*) nc -z -w 1 "$host" $((first + number)) & ;; *) echo | nc -u -w 1 "$host" $((first + number)) & ;; esac
done
wait
