#!/usr/bin/env python3
"""First boot of a device that was created before, with Paho for Python: register over TLS, log in with the DeviceSecret, publish.

Needs PRODUCT_KEY and PRODUCT_SECRET in the environment. Runs on paho-mqtt 1.x and 2.x.
"""
import hashlib
import hmac
import json
import os
import queue
import secrets

import paho.mqtt.client as mqtt

HOST = os.environ.get("HOST", "localhost")
PORT = int(os.environ.get("PORT", "1883"))
CA = os.environ.get("CA", "hatchway-data/ca.pem")
PRODUCT_KEY = os.environ["PRODUCT_KEY"]
PRODUCT_SECRET = os.environ["PRODUCT_SECRET"]
DEVICE_NAME = os.environ.get("DEVICE_NAME", "sensor-0001")
USER_NAME = f"{DEVICE_NAME}&{PRODUCT_KEY}"


def new_client(client_id):
    if hasattr(mqtt, "CallbackAPIVersion"):
        return mqtt.Client(mqtt.CallbackAPIVersion.VERSION1, client_id=client_id)
    return mqtt.Client(client_id=client_id)


def sign(secret, text):
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def register():
    """One CONNECT, no SUBSCRIBE: the credential is pushed."""
    random = secrets.token_hex(8)
    client = new_client(f"{DEVICE_NAME}|securemode=2,authType=register,random={random},signmethod=hmacsha256|")
    client.username_pw_set(
        USER_NAME, sign(PRODUCT_SECRET, f"deviceName{DEVICE_NAME}productKey{PRODUCT_KEY}random{random}")
    )
    client.tls_set(ca_certs=CA)
    pushed = queue.Queue()
    client.on_connect = lambda _client, _data, _flags, code: code and pushed.put(f"refused with code {code}")
    client.on_message = lambda _client, _data, message: pushed.put(json.loads(message.payload))
    client.connect(HOST, PORT)
    client.loop_start()
    answer = pushed.get(timeout=15)
    client.disconnect()
    client.loop_stop()
    if isinstance(answer, str):
        raise SystemExit(answer)
    return answer["deviceSecret"]  # keep it in flash


def publish(device_secret):
    client = new_client(f"{DEVICE_NAME}|securemode=2,signmethod=hmacsha256|")
    client.username_pw_set(
        USER_NAME, sign(device_secret, f"clientId{DEVICE_NAME}deviceName{DEVICE_NAME}productKey{PRODUCT_KEY}")
    )
    client.tls_set(ca_certs=CA)
    client.connect(HOST, PORT, keepalive=60)
    client.loop_start()
    topic = f"/{PRODUCT_KEY}/{DEVICE_NAME}/user/update"
    client.publish(topic, json.dumps({"temperature": 21.5}), qos=1).wait_for_publish()
    print(f"published to {topic}")
    client.disconnect()
    client.loop_stop()


device_secret = register()
print(f"registered {DEVICE_NAME}")
publish(device_secret)
