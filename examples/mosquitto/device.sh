#!/usr/bin/env bash
# First boot of a device nobody has created, and each boot after it, with nothing but openssl and the mosquitto
# clients: register over TLS, keep what comes back, log in with it and publish. Needs PRODUCT_KEY and PRODUCT_SECRET.
set -euo pipefail
HOST=${HOST:-localhost} PORT=${PORT:-1883} CA=${CA:-hatchway-data/ca.pem} DEVICE_NAME=${DEVICE_NAME:-sensor-0001}
STAY=${STAY:-} # 1: stay online and show what comes, until Ctrl-C
flash=$DEVICE_NAME.$PRODUCT_KEY.json # without this file it registers again
umask 077

refused() { echo "If $DEVICE_NAME was refused, the server's journal tells why." >&2 && exit 1; }

register() {
  random=$(openssl rand -hex 8)
  password=$(printf 'deviceName%sproductKey%srandom%s' "$DEVICE_NAME" "$PRODUCT_KEY" "$random" |
    openssl dgst -sha256 -hmac "$PRODUCT_SECRET" -r | cut -d ' ' -f 1)
  # The credentials are pushed; mosquitto_sub insists on a filter of its own, and -C 1 hangs up after the push.
  pushed=$(mosquitto_sub -h "$HOST" -p "$PORT" --cafile "$CA" -V mqttv311 -C 1 -W 15 -t /ext/regnwl \
    -i "$DEVICE_NAME|securemode=-2,authType=regnwl,random=$random,signmethod=hmacsha256|" \
    -u "$DEVICE_NAME&$PRODUCT_KEY" -P "$password") || refused
  echo "$pushed" >"$flash"
  echo "registered $DEVICE_NAME"
}

[ -e "$flash" ] || register
field() { sed -E "s/.*\"$1\":\"([^\"]*)\".*/\1/" "$flash"; }
connection=(-h "$HOST" -p "$PORT" --cafile "$CA" -V mqttv311 -u "$DEVICE_NAME&$PRODUCT_KEY"
  -i "$(field clientId)|securemode=-2,authType=connwl|" -P "$(field deviceToken)")
topic="/$PRODUCT_KEY/$DEVICE_NAME/user"
mosquitto_pub "${connection[@]}" -q 1 -t "$topic/update" -m '{"temperature":21.5}' || refused
echo "published to $topic/update"
[ -z "$STAY" ] || exec mosquitto_sub "${connection[@]}" -v -t "$topic/get"
