// First boot of an ESP32 with the Arduino core and PubSubClient, and each boot after it: register over TLS, keep
// what comes back, log in with it and publish every ten seconds. Give your network, HOST, PRODUCT_KEY,
// PRODUCT_SECRET, DEVICE_NAME, and the server's ca.pem as CA. PREREGISTERED false registers a device that nobody
// created before (regnwl), true one that was created (register).
#include <Preferences.h>
#include <PubSubClient.h>
#include <WiFi.h>
#include <WiFiClientSecure.h>
#include <mbedtls/md.h>
#include <time.h>

const char *WIFI_NAME = "your network";
const char *WIFI_PASSWORD = "its password";
const char *HOST = "localhost";
const uint16_t PORT = 1883;
const String PRODUCT_KEY = "";
const String PRODUCT_SECRET = "";
const String DEVICE_NAME = "sensor-0001";
const bool PREREGISTERED = false;
const char *CA = "";
const String USER_NAME = DEVICE_NAME + "&" + PRODUCT_KEY;

WiFiClientSecure tls;
PubSubClient mqtt(tls);
Preferences flash;
String pushed;

String sign(const String &secret, const String &text) {
  unsigned char digest[32];
  mbedtls_md_hmac(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), (const unsigned char *)secret.c_str(), secret.length(),
                  (const unsigned char *)text.c_str(), text.length(), digest);
  char hex[65];
  for (int i = 0; i < 32; i++) sprintf(hex + 2 * i, "%02x", digest[i]);
  return String(hex);
}

// The push is plain JSON without escapes.
String field(const String &name) {
  String mark = "\"" + name + "\":\"";
  int start = pushed.indexOf(mark);
  if (start < 0) return "";
  start += mark.length();
  return pushed.substring(start, pushed.indexOf('"', start));
}

void onMessage(char *topic, byte *payload, unsigned int length) {
  String text;
  for (unsigned int i = 0; i < length; i++) text += (char)payload[i];
  if (String(topic).startsWith("/ext/reg")) pushed = text;
  else Serial.printf("received %s: %s\n", topic, text.c_str());
}

// A code above 0 is the server's refusal, one below 0 is about the network or the certificate.
bool connectAs(const String &clientId, const String &password) {
  if (mqtt.connect(clientId.c_str(), USER_NAME.c_str(), password.c_str())) return true;
  Serial.printf("not connected, code %d; if it was refused, the server's journal tells why\n", mqtt.state());
  return false;
}

// One CONNECT, no SUBSCRIBE: the credentials are pushed.
bool registerDevice() {
  String random = String(esp_random(), HEX);
  String mode = PREREGISTERED ? "register" : "regnwl";
  String clientId = DEVICE_NAME + "|securemode=2,authType=" + mode + ",random=" + random + ",signmethod=hmacsha256|";
  String password = sign(PRODUCT_SECRET, "deviceName" + DEVICE_NAME + "productKey" + PRODUCT_KEY + "random" + random);
  if (!connectAs(clientId, password)) return false;
  unsigned long start = millis();
  while (pushed == "" && millis() - start < 15000 && mqtt.loop()) delay(10);
  mqtt.disconnect();
  if (pushed == "") return false;
  flash.putString("secret", PREREGISTERED ? field("deviceSecret") : field("deviceToken"));
  flash.putString("clientId", PREREGISTERED ? DEVICE_NAME : field("clientId"));
  flash.putString("userName", USER_NAME);  // the last one: without it none counts
  Serial.println("registered " + DEVICE_NAME);
  return true;
}

bool isRegistered() { return flash.isKey("userName") && flash.getString("userName") == USER_NAME; }

bool logIn() {
  String id = flash.getString("clientId"), secret = flash.getString("secret");
  String block = PREREGISTERED ? "|securemode=2,signmethod=hmacsha256|" : "|securemode=-2,authType=connwl|";
  String text = "clientId" + id + "deviceName" + DEVICE_NAME + "productKey" + PRODUCT_KEY;
  if (!connectAs(id + block, PREREGISTERED ? sign(secret, text) : secret)) return false;
  Serial.println(DEVICE_NAME + " is online");
  return mqtt.subscribe(("/" + PRODUCT_KEY + "/" + DEVICE_NAME + "/user/get").c_str());
}

void setup() {
  Serial.begin(115200);
  WiFi.begin(WIFI_NAME, WIFI_PASSWORD);
  while (WiFi.status() != WL_CONNECTED) delay(200);
  configTime(0, 0, "pool.ntp.org");  // certificates have dates
  while (time(nullptr) < 1700000000) delay(200);
  tls.setCACert(CA);
  mqtt.setServer(HOST, PORT);
  mqtt.setBufferSize(1024);
  mqtt.setCallback(onMessage);
  flash.begin("hatchway");
  while (!isRegistered() && !registerDevice()) delay(10000);
}

void loop() {
  if (!mqtt.connected() && !logIn()) {
    delay(5000);
    return;
  }
  mqtt.loop();
  static unsigned long last = 0;
  if (millis() - last < 10000) return;
  last = millis();
  mqtt.publish(("/" + PRODUCT_KEY + "/" + DEVICE_NAME + "/user/update").c_str(), "{\"temperature\":21.5}");
}
