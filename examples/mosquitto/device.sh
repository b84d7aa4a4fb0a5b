#!/usr/bin/env bash
# A whole first boot with nothing but openssl and the mosquitto clients: register over TLS (no pre-registration), then log in
# over plain TCP and publish. Needs PRODUCT_KEY and PRODUCT_SECRET.
set -euo pipefail
HOST=${HOST:-localhost} PORT=${PORT:-1883} CA=${CA:-hatchway-data/ca.pem} DEVICE_NAME=${DEVICE_NAME:-sensor-0001}

random=$(openssl rand -hex 8)
password=$(printf 'deviceName%sproductKey%srandom%s' "$DEVICE_NAME" "$PRODUCT_KEY" "$random" |
  openssl dgst -sha256 -hmac "$PRODUCT_SECRET" -r | cut -d ' ' -f 1)

# The credentials are pushed; mosquitto_sub insists on a filter of its own, and -C 1 hangs up after the push.
push=$(mosquitto_sub -h "$HOST" -p "$PORT" --cafile "$CA" -V mqttv311 -C 1 -W 15 -t /ext/regnwl \
  -i "$DEVICE_NAME|securemode=2,authType=regnwl,random=$random,signmethod=hmacsha256|" \
  -u "$DEVICE_NAME&$PRODUCT_KEY" -P "$password")
field() { sed -E "s/.*\"$1\":\"([^\"]*)\".*/\1/" <<<"$push"; }
client_id=$(field clientId) token=$(field deviceToken)
echo "registered $DEVICE_NAME as $client_id"

topic="/$PRODUCT_KEY/$DEVICE_NAME/user/update"
mosquitto_pub -h "$HOST" -p "$PORT" -V mqttv311 -q 1 -t "$topic" -m '{"temperature":21.5}' \
  -i "$client_id|securemode=-2,authType=connwl|" -u "$DEVICE_NAME&$PRODUCT_KEY" -P "$token"
echo "published to $topic"
