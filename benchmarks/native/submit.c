/* Submitters in a closed loop: each sends a notify, awaits its ack, sends the next.
 *
 * Usage: submit PORT PATH CLIENTS LISTENERS WARM_S SECONDS JSON
 * JSON is the message up to its requestId, which is appended to it with the closing brace.
 * Every frame of every client is parsed and counted: acks, updates, and anything else, which
 * is an error. After the measured time it waits until LISTENERS clients, all of them or none
 * where PATH asks for a filter, have heard of every incident.
 * Writes one line of JSON; all times are in seconds.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER = 1 << 20, SAMPLES_MAX = 1 << 22, EVENTS = 256, DRAIN_S = 20 };

struct client {
    int fd, waiting;
    double sent;
    size_t filled;
    unsigned char *buffer;
};

static struct client *clients;
static int count, listeners, measuring, sending = 1;
static long sent_all, acks_all, updates_all, acks, updates, bytes, errors;
static double *samples;
static size_t sampled;
static const char *json;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static double cpu(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void fail(const char *what) {
    fprintf(stderr, "submit: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* A client's frame is masked (RFC 6455, section 5.3); a mask of zeros leaves it as it is. */
static void submit(struct client *c) {
    unsigned char frame[4096];
    char *text = (char *)frame + 8;
    int length = snprintf(text, sizeof frame - 8, "%s,\"requestId\":\"r%ld\"}", json, sent_all);
    if (length < 126 || length >= (int)sizeof frame - 8) fail("a message of 126 to 4000 bytes");
    memset(frame, 0, 8);
    frame[0] = 0x81;
    frame[1] = 0x80 | 126;
    frame[2] = length >> 8;
    frame[3] = length & 255;
    c->sent = now();
    c->waiting = 1;
    sent_all++;
    if (write(c->fd, frame, length + 8) != length + 8) fail("write");
}

static void take(struct client *c, const char *text, size_t length) {
    static const char ack[] = "{\"type\":\"ack\"", update[] = "{\"type\":\"incident_update\"";
    if (length > sizeof update && !memcmp(text, update, sizeof update - 1)) {
        updates_all++;
        updates += measuring;
    } else if (c->waiting && length > sizeof ack && !memcmp(text, ack, sizeof ack - 1)) {
        acks_all++;
        acks += measuring;
        if (measuring && sampled < SAMPLES_MAX) samples[sampled++] = now() - c->sent;
        c->waiting = 0;
        if (sending) submit(c);
    } else {
        if (!errors++) fprintf(stderr, "submit: got %.*s\n", (int)length, text);
        c->waiting = 0;
    }
}

static void receive(struct client *c) {
    ssize_t got = read(c->fd, c->buffer + c->filled, BUFFER - c->filled);
    if (got <= 0) fail("the server closed a connection");
    bytes += measuring ? got : 0;
    c->filled += got;
    size_t at = 0;
    while (c->filled - at >= 4) {
        unsigned char *f = c->buffer + at;
        size_t head = f[1] < 126 ? 2 : 4, length = f[1] < 126 ? f[1] : (size_t)f[2] << 8 | f[3];
        int heartbeat = f[0] == 0x89; /* an empty ping */
        if (!heartbeat && (f[0] != 0x81 || f[1] == 127)) fail("a frame that is no text of up to 64 KB");
        if (c->filled - at < head + length) break;
        if (!heartbeat) take(c, (char *)f + head, length);
        at += head + length;
    }
    memmove(c->buffer, c->buffer + at, c->filled - at);
    c->filled -= at;
}

static void connect_to(struct client *c, int port, const char *path) {
    static const char hello[] =
        "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    char head[4096], *end = NULL;
    size_t got = 0;
    int one = 1;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->buffer = malloc(BUFFER);
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (!c->buffer || c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof to)) fail("connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (dprintf(c->fd, hello, path) < 0) fail("write");
    while (!end && got < sizeof head - 1) {
        ssize_t more = read(c->fd, head + got, 1); /* nothing of the first frame */
        if (more <= 0) fail("handshake");
        got += more;
        head[got] = 0;
        end = strstr(head, "\r\n\r\n");
    }
    if (strncmp(head, "HTTP/1.1 101", 12)) fail(head);
}

static void turn(int poll) {
    struct epoll_event events[EVENTS];
    int ready = epoll_wait(poll, events, EVENTS, 100);
    for (int i = 0; i < ready; i++) receive(events[i].data.ptr);
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double percentile(double part) {
    return sampled ? samples[(size_t)(part * (sampled - 1))] : 0;
}

int main(int argc, char **argv) {
    if (argc != 8) return fprintf(stderr, "usage: submit PORT PATH CLIENTS LISTENERS WARM_S SECONDS JSON\n"), 2;
    count = atoi(argv[3]);
    listeners = atoi(argv[4]);
    json = argv[7];
    clients = calloc(count, sizeof *clients);
    samples = malloc(SAMPLES_MAX * sizeof *samples);
    int poll = epoll_create1(0);
    for (int i = 0; i < count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &clients[i]};
        connect_to(&clients[i], atoi(argv[1]), argv[2]);
        epoll_ctl(poll, EPOLL_CTL_ADD, clients[i].fd, &event);
    }
    double end = now() + atof(argv[5]);
    for (int i = 0; i < count; i++) submit(&clients[i]);
    while (now() < end) turn(poll);

    measuring = 1;
    double began = now(), cpu_began = cpu(), until = began + atof(argv[6]);
    while (now() < until) turn(poll);
    double elapsed = now() - began, used = cpu() - cpu_began;
    measuring = sending = 0;

    double patience = now() + DRAIN_S;
    while (now() < patience && (acks_all + errors < sent_all || updates_all < acks_all * listeners))
        turn(poll);
    qsort(samples, sampled, sizeof *samples, by_size);
    printf("{\"seconds\":%.6f,\"acks\":%ld,\"updates\":%ld,\"bytes\":%ld,\"client_cpu_s\":%.6f,"
           "\"errors\":%ld,\"acks_in_all\":%ld,\"updates_missing\":%ld,"
           "\"ack_s\":{\"p50\":%.6f,\"p90\":%.6f,\"p99\":%.6f,\"max\":%.6f}}\n",
           elapsed, acks, updates, bytes, used, errors, acks_all, acks_all * listeners - updates_all,
           percentile(.5), percentile(.9), percentile(.99), percentile(1));
    return 0;
}
