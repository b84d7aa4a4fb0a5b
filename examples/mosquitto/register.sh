#!/usr/bin/env bash
# First boot of a device that was created before, and each boot after it, with nothing but openssl and the
# mosquitto clients: register over TLS, keep the DeviceSecret that comes back, log in with it and publish. Needs PRODUCT_KEY and PRODUCT_SECRET.
set -euo pipefail
HOST=${HOST:-localhost} PORT=${PORT:-1883} CA=${CA:-hatchway-data/ca.pem} DEVICE_NAME=${DEVICE_NAME:-sensor-0001}
STAY=${STAY:-} # 1: stay online and show what comes, until Ctrl-C
flash=$DEVICE_NAME.$PRODUCT_KEY.json # without this file it registers again
umask 077

refused() { echo "If $DEVICE_NAME was refused, the server's journal tells why." >&2 && exit 1; }
sign() { printf %s "$2" | openssl dgst -sha256 -hmac "$1" -r | cut -d ' ' -f 1; }

register() {
  random=$(openssl rand -hex 8)
  password=$(sign "$PRODUCT_SECRET" "deviceName${DEVICE_NAME}productKey${PRODUCT_KEY}random$random")
  # The credential is pushed; mosquitto_sub insists on a filter of its own, and -C 1 hangs up after the push.
  pushed=$(mosquitto_sub -h "$HOST" -p "$PORT" --cafile "$CA" -V mqttv311 -C 1 -W 15 -t /ext/register \
    -i "$DEVICE_NAME|securemode=2,authType=register,random=$random,signmethod=hmacsha256|" \
    -u "$DEVICE_NAME&$PRODUCT_KEY" -P "$password") || refused
  echo "$pushed" >"$flash"
  echo "registered $DEVICE_NAME"
}

[ -e "$flash" ] || register
device_secret=$(sed -E 's/.*"deviceSecret":"([^"]*)".*/\1/' "$flash")
connection=(-h "$HOST" -p "$PORT" --cafile "$CA" -V mqttv311 -u "$DEVICE_NAME&$PRODUCT_KEY"
  -i "$DEVICE_NAME|securemode=2,signmethod=hmacsha256|"
  -P "$(sign "$device_secret" "clientId${DEVICE_NAME}deviceName${DEVICE_NAME}productKey${PRODUCT_KEY}")")
topic="/$PRODUCT_KEY/$DEVICE_NAME/user"
mosquitto_pub "${connection[@]}" -q 1 -t "$topic/update" -m '{"temperature":21.5}' || refused
echo "published to $topic/update"
[ -z "$STAY" ] || exec mosquitto_sub "${connection[@]}" -v -t "$topic/get"
