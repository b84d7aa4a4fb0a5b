/* A whole first boot with Link SDK C 4.x: register by MQTT over TLS, then connect with what came back and publish.
 * Put it in place of a demo in the SDK's demos/ folder and build it with make. Give HOST, PRODUCT_KEY, PRODUCT_SECRET,
 * DEVICE_NAME, and the server's ca.pem as CA. NO_WHITELIST 1 registers a device that nobody created before (regnwl), 0 one
 * that was created (register). */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "aiot_dynregmq_api.h"
#include "aiot_mqtt_api.h"
#include "aiot_state_api.h"
#include "aiot_sysdep_api.h"

#define HOST "localhost"
#define PORT 1883
#define PRODUCT_KEY ""
#define PRODUCT_SECRET ""
#define DEVICE_NAME "sensor-0001"
#define NO_WHITELIST 1
#define CA ""

extern aiot_sysdep_portfile_t g_aiot_sysdep_portfile;

/* What the push brought: keep it in flash. */
static char device_secret[64], client_id[256], user_name[128], password[128];

static void keep(char *kept, size_t size, const char *text) { snprintf(kept, size, "%s", text); }

static void on_push(void *handle, const aiot_dynregmq_recv_t *packet, void *userdata) {
    if (packet->type == AIOT_DYNREGMQRECV_DEVICEINFO_WL) {
        keep(device_secret, sizeof device_secret, packet->data.deviceinfo_wl.device_secret);
    } else if (packet->type == AIOT_DYNREGMQRECV_DEVICEINFO_NWL) {
        keep(client_id, sizeof client_id, packet->data.deviceinfo_nwl.clientid);
        keep(user_name, sizeof user_name, packet->data.deviceinfo_nwl.username);
        keep(password, sizeof password, packet->data.deviceinfo_nwl.password);
    }
}

static aiot_sysdep_network_cred_t tls(void) {
    aiot_sysdep_network_cred_t cred;
    memset(&cred, 0, sizeof cred);
    cred.option = AIOT_SYSDEP_NETWORK_CRED_SVRCERT_CA;
    cred.max_tls_fragment = 16384;
    cred.sni_enabled = 1;
    cred.x509_server_cert = CA;
    cred.x509_server_cert_len = strlen(CA);
    return cred;
}

static int32_t register_device(aiot_sysdep_network_cred_t *cred) {
    uint16_t port = PORT;
    uint8_t no_whitelist = NO_WHITELIST;
    void *handle = aiot_dynregmq_init();
    aiot_dynregmq_setopt(handle, AIOT_DYNREGMQOPT_HOST, (void *)HOST);
    aiot_dynregmq_setopt(handle, AIOT_DYNREGMQOPT_PORT, (void *)&port);
    aiot_dynregmq_setopt(handle, AIOT_DYNREGMQOPT_PRODUCT_KEY, (void *)PRODUCT_KEY);
    aiot_dynregmq_setopt(handle, AIOT_DYNREGMQOPT_PRODUCT_SECRET, (void *)PRODUCT_SECRET);
    aiot_dynregmq_setopt(handle, AIOT_DYNREGMQOPT_DEVICE_NAME, (void *)DEVICE_NAME);
    aiot_dynregmq_setopt(handle, AIOT_DYNREGMQOPT_NETWORK_CRED, (void *)cred);
    aiot_dynregmq_setopt(handle, AIOT_DYNREGMQOPT_RECV_HANDLER, (void *)on_push);
    aiot_dynregmq_setopt(handle, AIOT_DYNREGMQOPT_NO_WHITELIST, (void *)&no_whitelist);
    int32_t result = aiot_dynregmq_send_request(handle);
    if (result >= STATE_SUCCESS) result = aiot_dynregmq_recv(handle);
    aiot_dynregmq_deinit(&handle);
    return result;
}

static int32_t publish(aiot_sysdep_network_cred_t *cred) {
    uint16_t port = PORT;
    char *topic = "/" PRODUCT_KEY "/" DEVICE_NAME "/user/update";
    char *payload = "{\"temperature\":21.5}";
    void *handle = aiot_mqtt_init();
    aiot_mqtt_setopt(handle, AIOT_MQTTOPT_HOST, (void *)HOST);
    aiot_mqtt_setopt(handle, AIOT_MQTTOPT_PORT, (void *)&port);
    aiot_mqtt_setopt(handle, AIOT_MQTTOPT_NETWORK_CRED, (void *)cred);
    if (NO_WHITELIST) {
        aiot_mqtt_setopt(handle, AIOT_MQTTOPT_CLIENTID, (void *)client_id);
        aiot_mqtt_setopt(handle, AIOT_MQTTOPT_USERNAME, (void *)user_name);
        aiot_mqtt_setopt(handle, AIOT_MQTTOPT_PASSWORD, (void *)password);
    } else {
        aiot_mqtt_setopt(handle, AIOT_MQTTOPT_PRODUCT_KEY, (void *)PRODUCT_KEY);
        aiot_mqtt_setopt(handle, AIOT_MQTTOPT_DEVICE_NAME, (void *)DEVICE_NAME);
        aiot_mqtt_setopt(handle, AIOT_MQTTOPT_DEVICE_SECRET, (void *)device_secret);
    }
    int32_t result = aiot_mqtt_connect(handle);
    if (result >= STATE_SUCCESS) {
        result = aiot_mqtt_pub(handle, topic, (uint8_t *)payload, strlen(payload), 0);
        printf("published to %s\n", topic);
        sleep(1);
        aiot_mqtt_disconnect(handle);
    }
    aiot_mqtt_deinit(&handle);
    return result;
}

int main(void) {
    aiot_sysdep_set_portfile(&g_aiot_sysdep_portfile);
    aiot_sysdep_network_cred_t cred = tls();
    int32_t result = register_device(&cred);
    if (result < STATE_SUCCESS) {
        printf("not registered: -0x%04X; the server's journal tells why\n", -result);
        return 1;
    }
    printf("registered %s\n", DEVICE_NAME);
    return publish(&cred) < STATE_SUCCESS;
}
