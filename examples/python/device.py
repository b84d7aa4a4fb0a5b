#!/usr/bin/env python3
"""First boot of a device nobody has created, and each boot after it, with Paho for Python: register over TLS,
keep what comes back, hang up, log in with it and publish.

Needs PRODUCT_KEY and PRODUCT_SECRET in the environment. Runs on paho-mqtt 1.x and 2.x.
"""
import hashlib
import hmac
import json
import os
import queue
import secrets
import time

import paho.mqtt.client as mqtt

HOST = os.environ.get("HOST", "localhost")
PORT = int(os.environ.get("PORT", "1883"))
CA = os.environ.get("CA", "hatchway-data/ca.pem")
PRODUCT_KEY = os.environ["PRODUCT_KEY"]
PRODUCT_SECRET = os.environ["PRODUCT_SECRET"]
DEVICE_NAME = os.environ.get("DEVICE_NAME", "sensor-0001")
# 1: stay online, publish every ten seconds and show what comes, until Ctrl-C
STAY = os.environ.get("STAY", "") == "1"
FLASH = f"{DEVICE_NAME.replace(':', '_')}.{PRODUCT_KEY}.json"  # without this file it registers again


def new_client(client_id, password):
    if hasattr(mqtt, "CallbackAPIVersion"):
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION1, client_id=client_id)
    else:
        client = mqtt.Client(client_id=client_id)
    client.username_pw_set(f"{DEVICE_NAME}&{PRODUCT_KEY}", password)
    client.tls_set(ca_certs=CA)
    return client


def connect(client):
    codes = queue.Queue()
    client.on_connect = lambda _client, _data, _flags, code: codes.put(code)
    client.connect(HOST, PORT, keepalive=60)
    client.loop_start()
    code = codes.get(timeout=15)
    if code != 0:
        raise SystemExit(f"{DEVICE_NAME} was refused with code {code}; the server's journal tells why.")


def register():
    """One CONNECT, no SUBSCRIBE: the credentials are pushed."""
    random = secrets.token_hex(8)
    signed = f"deviceName{DEVICE_NAME}productKey{PRODUCT_KEY}random{random}"
    password = hmac.new(PRODUCT_SECRET.encode(), signed.encode(), hashlib.sha256).hexdigest()
    client = new_client(f"{DEVICE_NAME}|securemode=-2,authType=regnwl,random={random},signmethod=hmacsha256|", password)
    pushed = queue.Queue()
    client.on_message = lambda _client, _data, message: pushed.put(message.payload)
    connect(client)
    credentials = json.loads(pushed.get(timeout=15))
    client.disconnect()
    client.loop_stop()
    print(f"registered {DEVICE_NAME}")
    return credentials


def publish(credentials):
    client = new_client(f"{credentials['clientId']}|securemode=-2,authType=connwl|", credentials["deviceToken"])
    client.on_message = lambda _client, _data, message: print(f"received {message.topic}: {message.payload}", flush=True)
    connect(client)
    topic = f"/{PRODUCT_KEY}/{DEVICE_NAME}/user"
    if STAY:
        client.subscribe(f"{topic}/get")
    while True:
        client.publish(f"{topic}/update", json.dumps({"temperature": 21.5}), qos=1).wait_for_publish()
        print(f"published to {topic}/update", flush=True)
        if not STAY:
            break
        time.sleep(10)
    client.disconnect()
    client.loop_stop()


def kept():
    """The device's credentials; it registers where there are none yet."""
    if not os.path.exists(FLASH):
        credentials = register()
        with open(os.open(FLASH, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
            json.dump(credentials, file)
    with open(FLASH) as file:
        return json.load(file)


try:
    publish(kept())
except KeyboardInterrupt:
    pass
