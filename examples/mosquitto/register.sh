#!/usr/bin/env bash
# First boot of a device that was created before, with nothing but openssl and the mosquitto clients: register over TLS, then
# log in with the DeviceSecret and publish. Needs PRODUCT_KEY and PRODUCT_SECRET.
set -euo pipefail
HOST=${HOST:-localhost} PORT=${PORT:-1883} CA=${CA:-hatchway-data/ca.pem} DEVICE_NAME=${DEVICE_NAME:-sensor-0001}

sign() { printf %s "$2" | openssl dgst -sha256 -hmac "$1" -r | cut -d ' ' -f 1; }
random=$(openssl rand -hex 8)
password=$(sign "$PRODUCT_SECRET" "deviceName${DEVICE_NAME}productKey${PRODUCT_KEY}random$random")

# The credential is pushed; mosquitto_sub insists on a filter of its own, and -C 1 hangs up after the push.
push=$(mosquitto_sub -h "$HOST" -p "$PORT" --cafile "$CA" -V mqttv311 -C 1 -W 15 -t /ext/register \
  -i "$DEVICE_NAME|securemode=2,authType=register,random=$random,signmethod=hmacsha256|" \
  -u "$DEVICE_NAME&$PRODUCT_KEY" -P "$password")
device_secret=$(sed -E 's/.*"deviceSecret":"([^"]*)".*/\1/' <<<"$push")
echo "registered $DEVICE_NAME"

topic="/$PRODUCT_KEY/$DEVICE_NAME/user/update"
mosquitto_pub -h "$HOST" -p "$PORT" --cafile "$CA" -V mqttv311 -q 1 -t "$topic" -m '{"temperature":21.5}' \
  -i "$DEVICE_NAME|securemode=2,signmethod=hmacsha256|" -u "$DEVICE_NAME&$PRODUCT_KEY" \
  -P "$(sign "$device_secret" "clientId${DEVICE_NAME}deviceName${DEVICE_NAME}productKey${PRODUCT_KEY}")"
echo "published to $topic"
