/* The load client: N WebSocket connections in one thread, and the clock beside them.
 *
 * It opens N receiving connections and some that send, and tells when each message reached the
 * first and the last receiver. Several protocols are spoken over WebSocket, since not every
 * server talks in plain text frames; all of them carry the same marker, #00000042#, by which a
 * message is known wherever it turns up. Linux only (epoll). The result is one line of JSON.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MARK "#00000000#"
#define MARK_LEN 10
#define DIGITS 8
#define MESSAGES_MAX (1u << 21)
#define EVENTS 512
#define OPENING_MAX 64   /* handshakes at once, where they are not what is measured */
#define SOURCES 16       /* source addresses, so that local ports do not run out */
#define STALLED_S 20.0
#define MISSED 10        /* messages that a client misses before it comes back */

/* What differs between the servers. Frames are told apart by how they begin. */
struct protocol {
    const char *name, *path, *subprotocol;
    int opcode;             /* of the frames that we send */
    const char *ready;      /* start of the frame that ends the sign-on; NULL: no sign-on */
    const char *delivery;   /* start of a frame with messages; NULL: any with a marker */
    const char *ping, *pong;
    bool stream;            /* frames are cut anywhere, so a marker may lie across two */
};

static const struct protocol protocols[] = {
    {.name = "text", .path = "/", .opcode = 1},
    {.name = "alerta", .path = "/dev", .opcode = 1, .delivery = "{\"type\":\"incident_update\""},
    {.name = "socketio", .path = "/socket.io/?EIO=4&transport=websocket", .opcode = 1, .ready = "40",
     .delivery = "42", .ping = "2", .pong = "3"},
    {.name = "nats", .path = "/", .opcode = 2, .ready = "PONG", .ping = "PING", .pong = "PONG\r\n",
     .stream = true},
    {.name = "mqtt", .path = "/", .subprotocol = "mqtt", .opcode = 2, .ready = "\x90"},
};

enum state { CLOSED, SHAKING, JOINING, OPEN };

struct conn {
    int fd;
    enum state state;
    bool sends, answered;
    uint8_t tail_len;
    char tail[MARK_LEN - 1];  /* of a stream: where a marker may have begun */
    uint32_t received;      /* messages */
    uint32_t rest_len;      /* what has come of a frame that is not whole yet */
    char *rest;
};

struct message {
    double sent, first, last, acked;
    uint32_t count, sender;
};

static struct {
    const char *mode, *host, *path;
    int port, clients, senders, window, filters, bytes, server_pid;
    double seconds, warmup, rate, churn;
    const struct protocol *protocol;
} opt = {"fanout", "127.0.0.1", NULL, 0, 100, 1, 1, 0, 400, 0, 2.0, 0.3, 20.0, 10.0, protocols};

static int epoll;
static struct conn *conns;              /* the receivers, then the senders */
static struct message *messages;
static uint32_t sent_count, in_flight;
static int total, opening, opened, answered, refused, lost;
static uint64_t deliveries, delivered_bytes, answer_messages, turns, events_seen;
static double stop_at, progress_at;
static char position[128];
static char wire[65536];                /* one message as it is sent; its markers are overwritten */
static size_t wire_len;
static char *marks[4];
static int marks_count;
static char buffer[1 << 20];

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void die(const char *format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    for (char *p = text; *p; p++)
        if (*p == '"' || *p == '\\' || (unsigned char)*p < ' ') *p = '\'';
    printf("{\"error\": \"%s\"}\n", text);
    exit(1);
}

static bool begins(const char *p, size_t len, const char *with) {
    size_t n = strlen(with);
    return len >= n && memcmp(p, with, n) == 0;
}

/* --- What is sent --- */

/* A frame as clients send it; a mask of zeros leaves the payload as it is. */
static size_t frame(char *out, int opcode, const char *payload, size_t len) {
    size_t head = 2;
    out[0] = (char)(0x80 | opcode);
    if (len < 126) {
        out[1] = (char)(0x80 | len);
    } else {
        out[1] = (char)(0x80 | 126);
        out[2] = (char)(len >> 8);
        out[3] = (char)len;
        head = 4;
    }
    memset(out + head, 0, 4);
    memcpy(out + head + 4, payload, len);
    return head + 4 + len;
}

static void write_all(struct conn *c, const char *data, size_t len) {
    if (send(c->fd, data, len, MSG_NOSIGNAL) != (ssize_t)len && errno != ECONNRESET && errno != EPIPE)
        die("a connection does not take %zu bytes", len);
}

static void say(struct conn *c, int opcode, const char *payload, size_t len) {
    char out[4096];
    write_all(c, out, frame(out, opcode, payload, len));
}

static size_t mqtt_packet(char *out, int type, const char *body, size_t len) {
    size_t n = 0;
    out[n++] = (char)type;
    for (size_t left = len; n == 1 || left; left >>= 7)
        out[n++] = (char)((left & 127) | (left > 127 ? 128 : 0));
    memcpy(out + n, body, len);
    return n + len;
}

/* The frame of a message, with every MARK in it where its number goes. */
static void make_message(void) {
    char text[32768], payload[60000];
    size_t len;
    int fill = opt.bytes - MARK_LEN;
    memset(text, 'x', sizeof text);
    memcpy(text, MARK, MARK_LEN);
    if (!strcmp(opt.protocol->name, "alerta")) {
        /* The update that comes back has some 366 bytes besides the description. */
        fill = fill > 366 ? fill - 366 : 0;
        len = (size_t)sprintf(payload,
            "{\"action\":\"notify\",\"requestId\":\"" MARK "\",\"incident\":{\"type\":\"prueba\","
            "\"location\":\"Laboratorio A\",\"urgency\":\"low\",\"description\":\"%.*s\"}}",
            MARK_LEN + fill, text);
    } else if (!strcmp(opt.protocol->name, "socketio")) {
        len = (size_t)sprintf(payload, "42[\"incident\",\"%.*s\"]", MARK_LEN + fill, text);
    } else if (!strcmp(opt.protocol->name, "nats")) {
        len = (size_t)sprintf(payload, "PUB incidents %d\r\n%.*s\r\n", opt.bytes, opt.bytes, text);
    } else if (!strcmp(opt.protocol->name, "mqtt")) {
        char body[40000] = "\0\x09incidents";
        memcpy(body + 11, text, (size_t)opt.bytes);
        len = mqtt_packet(payload, 0x30, body, 11 + (size_t)opt.bytes);
    } else {
        len = (size_t)sprintf(payload, "%.*s", opt.bytes, text);
    }
    wire_len = frame(wire, opt.protocol->opcode, payload, len);
    for (char *p = wire; (p = memmem(p, wire_len - (size_t)(p - wire), MARK, MARK_LEN)); p += MARK_LEN)
        marks[marks_count++] = p + 1;
}

static void send_message(uint32_t sender) {
    char digits[DIGITS + 1];
    if (sent_count == MESSAGES_MAX) return;
    snprintf(digits, sizeof digits, "%08u", sent_count);
    for (int i = 0; i < marks_count; i++) memcpy(marks[i], digits, DIGITS);
    messages[sent_count] = (struct message){.sent = now(), .sender = sender};
    sent_count++;
    in_flight++;
    write_all(&conns[opt.clients + (int)sender], wire, wire_len);
}

/* What a connection says first, on servers where that is more than the handshake. */
static void join(struct conn *c) {
    char out[64], body[] = "\0\x01\0\x09incidents\0";
    if (!strcmp(opt.protocol->name, "socketio")) {
        say(c, 1, "40", 2);
    } else if (!strcmp(opt.protocol->name, "nats")) {
        const char *text = c->sends
            ? "CONNECT {\"verbose\":false,\"pedantic\":false,\"echo\":true}\r\nPING\r\n"
            : "CONNECT {\"verbose\":false,\"pedantic\":false}\r\nSUB incidents 1\r\nPING\r\n";
        say(c, 2, text, strlen(text));
    } else if (!strcmp(opt.protocol->name, "mqtt")) {
        const char hello[] = "\0\x04MQTT\x04\x02\0\0\0\0";  /* 3.1.1, clean session, no keep-alive */
        say(c, 2, out, mqtt_packet(out, 0x10, hello, 12));
        say(c, 2, out, mqtt_packet(out, 0x82, body, 14));
    }
}

static void sync_since(struct conn *c) {
    char text[256];
    int len = snprintf(text, sizeof text,
        "{\"action\":\"sync\",\"requestId\":\"s\",\"since\":\"%s\"}", position);
    say(c, 1, text, (size_t)len);
}

/* --- Connections --- */

static void forget(struct conn *c) {
    if (c->state == SHAKING || c->state == JOINING) opening--;
    if (c->state == OPEN) opened--;
    if (c->fd >= 0) close(c->fd);
    free(c->rest);
    *c = (struct conn){.fd = -1, .sends = c->sends};
}

static void shake_hands(struct conn *c) {
    char request[1024], query[128] = "";
    int n = (int)(c - conns);
    if (opt.filters && !c->sends)
        snprintf(query, sizeof query, "?urgency=low&location=Laboratorio%%20A&location=Sala%%20%d",
                 n % opt.filters);
    int len = snprintf(request, sizeof request,
        "GET %s%s HTTP/1.1\r\nHost: %s:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s%s%s\r\n",
        opt.path, query, opt.host, opt.port,
        opt.protocol->subprotocol ? "Sec-WebSocket-Protocol: " : "",
        opt.protocol->subprotocol ? opt.protocol->subprotocol : "",
        opt.protocol->subprotocol ? "\r\n" : "");
    write_all(c, request, (size_t)len);
}

static void dial(struct conn *c) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)opt.port)};
    struct sockaddr_in from = {.sin_family = AF_INET};
    int one = 1;
    inet_pton(AF_INET, opt.host, &to.sin_addr);
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + (uint32_t)((c - conns) % SOURCES));
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (c->fd < 0) die("socket: %s", strerror(errno));
    setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (bind(c->fd, (struct sockaddr *)&from, sizeof from)) die("bind: %s", strerror(errno));
    c->state = SHAKING;
    opening++;
    struct epoll_event event = {.events = EPOLLOUT, .data.ptr = c};
    epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event);
    if (connect(c->fd, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS) {
        refused++;
        forget(c);
    }
}

static void is_open(struct conn *c) {
    c->state = OPEN;
    opening--;
    opened++;
    progress_at = now();
}

/* The connection ended, and not by our wish. */
static void ended(struct conn *c) {
    bool was_open = c->state == OPEN;
    forget(c);
    if (was_open) lost++;
    else refused++;
    if (!strcmp(opt.mode, "fanout"))
        die("%s after %d of %d were open", was_open ? "a connection was lost" : "a handshake failed",
            opened, total);
}

/* --- What is received --- */

static void deliver(struct conn *c, uint32_t id) {
    if (c->sends || id >= sent_count) return;
    struct message *m = &messages[id];
    c->received++;
    deliveries++;
    if (++m->count == 1) m->first = now();
    if (m->count != (uint32_t)opt.clients) return;
    m->last = progress_at = now();
    in_flight--;
    if (m->last < stop_at) send_message(m->sender);
}

static void keep_position(const char *p, size_t len) {
    const char *key = "\"position\":\"", *at = memmem(p, len, key, strlen(key));
    if (!at) return;
    at += strlen(key);
    const char *end = memchr(at, '"', len - (size_t)(at - p));
    if (end && (size_t)(end - at) < sizeof position) {
        memcpy(position, at, (size_t)(end - at));
        position[end - at] = 0;
    }
}

static const char *next_mark(const char *p, const char *end, uint32_t *id) {
    while ((p = memchr(p, '#', (size_t)(end - p))) && end - p >= MARK_LEN) {
        uint32_t number = 0;
        int i = 1;
        for (; i <= DIGITS && p[i] >= '0' && p[i] <= '9'; i++) number = number * 10 + (uint32_t)(p[i] - '0');
        if (i > DIGITS && p[i] == '#') {
            *id = number;
            return p + MARK_LEN;
        }
        p++;
    }
    return NULL;
}

/* Anything of the product's that is not a broadcast. */
static void answer(struct conn *c, const char *p, size_t len) {
    uint32_t id;
    if (begins(p, len, "{\"type\":\"ack\"")) {
        if (next_mark(p, p + len, &id) && id < sent_count) messages[id].acked = now();
    } else if (begins(p, len, "{\"type\":\"pong\"")) {
        keep_position(p, len);
        c->answered = true;
    } else if (begins(p, len, "{\"type\":\"sync\"")) {
        for (const char *at = p; (at = next_mark(at, p + len, &id)); answer_messages++) {}
        if (memmem(p, len, "\"more\":true", 11)) die("an answer to sync has more than one page");
        if (!c->answered) answered++;
        c->answered = true;
        progress_at = now();
    } else if (begins(p, len, "{\"type\":\"error\"")) {
        die("%.*s", (int)len, p);
    }
}

/* A marker that lies across this piece of a stream and the one before it. */
static void across(struct conn *c, const char *p, size_t len) {
    char both[2 * sizeof c->tail];
    size_t more = len < sizeof c->tail ? len : sizeof c->tail, n = c->tail_len + more;
    uint32_t id;
    memcpy(both, c->tail, c->tail_len);
    memcpy(both + c->tail_len, p, more);
    if (c->tail_len && next_mark(both, both + n, &id)) deliver(c, id);
    if (len >= sizeof c->tail) {
        memcpy(both, p + len - sizeof c->tail, n = sizeof c->tail);
    } else if (n > sizeof c->tail) {
        memmove(both, both + n - sizeof c->tail, sizeof c->tail);
        n = sizeof c->tail;
    }
    memcpy(c->tail, both, c->tail_len = (uint8_t)n);
}

static void take(struct conn *c, int opcode, const char *p, size_t len) {
    const struct protocol *protocol = opt.protocol;
    uint32_t id;
    if (opcode == 8) die("closed by the server: %.*s", len > 2 ? (int)len - 2 : 0, p + 2);
    if (opcode == 9) say(c, 10, p, len);
    if (opcode > 7) return;
    if (c->state == JOINING) {
        if (begins(p, len, protocol->ready)) is_open(c);
        return;
    }
    if (protocol->ping && begins(p, len, protocol->ping)) {
        say(c, protocol->opcode, protocol->pong, strlen(protocol->pong));
        return;
    }
    if (protocol->delivery && !begins(p, len, protocol->delivery)) {
        answer(c, p, len);
        return;
    }
    if (c->sends && !strcmp(opt.mode, "soak")) keep_position(p, len);
    if (!c->sends) delivered_bytes += len;
    if (protocol->stream) across(c, p, len);
    for (const char *at = p; (at = next_mark(at, p + len, &id));) deliver(c, id);
}

/* The length of the handshake's answer, once all of it is there. */
static size_t take_handshake(struct conn *c, const char *p, size_t len) {
    const char *end = memmem(p, len, "\r\n\r\n", 4);
    if (!end) return 0;
    if (!begins(p, len, "HTTP/1.1 101")
        || !memmem(p, (size_t)(end - p), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", 28)) {
        ended(c);
        return 0;
    }
    if (opt.protocol->ready) {
        c->state = JOINING;
        join(c);
    } else {
        is_open(c);
    }
    return (size_t)(end - p) + 4;
}

static size_t take_frame(struct conn *c, const char *p, size_t len) {
    if (len < 2) return 0;
    size_t size = (uint8_t)p[1], head = 2;
    if (size >= 126) {
        head = size == 126 ? 4 : 10;
        if (len < head) return 0;
        size = 0;
        for (size_t i = 2; i < head; i++) size = size << 8 | (uint8_t)p[i];
    }
    if (len < head + size) return 0;
    take(c, p[0] & 15, p + head, size);
    return head + size;
}

/* Edge-triggered: a read that fills less than the buffer has emptied the socket. */
static void readable(struct conn *c) {
    size_t room = sizeof buffer - c->rest_len;
    if (c->rest_len) memcpy(buffer, c->rest, c->rest_len);
    ssize_t got = recv(c->fd, buffer + c->rest_len, room, 0);
    if (got <= 0) {
        if (got == 0 || errno != EAGAIN) ended(c);
        return;
    }
    size_t len = c->rest_len + (size_t)got, at = 0, used = 0;
    if (c->state == SHAKING) at = take_handshake(c, buffer, len);
    while (c->state > SHAKING && (used = take_frame(c, buffer + at, len - at))) at += used;
    if (c->state == CLOSED) return;
    if (len - at > 0) {
        c->rest = realloc(c->rest, len - at);
        memcpy(c->rest, buffer + at, len - at);
    }
    c->rest_len = (uint32_t)(len - at);
    if ((size_t)got == room) readable(c);
}

static void turn(int timeout_ms) {
    struct epoll_event events[EVENTS];
    int n = epoll_wait(epoll, events, EVENTS, timeout_ms);
    turns += n > 0;
    events_seen += (uint64_t)(n > 0 ? n : 0);
    for (int i = 0; i < n; i++) {
        struct conn *c = events[i].data.ptr;
        if (c->fd < 0) continue;
        if (events[i].events & EPOLLOUT) {
            struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.ptr = c};
            if (events[i].events & (EPOLLERR | EPOLLHUP)) {
                ended(c);
                continue;
            }
            epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &event);
            shake_hands(c);
        } else {
            readable(c);
        }
    }
    if (now() - progress_at > STALLED_S)
        die("stalled: %u in flight, %d of %d open, %d answered", in_flight, opened, total, answered);
}

/* --- Figures --- */

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_times(const char *name, uint32_t from, size_t offset) {
    uint32_t n = 0;
    double *times = malloc(sizeof *times * (sent_count - from + 1));
    for (uint32_t id = from; id < sent_count; id++) {
        double at = *(double *)((char *)&messages[id] + offset);
        if (at > 0) times[n++] = (at - messages[id].sent) * 1e3;
    }
    if (n) {
        qsort(times, n, sizeof *times, by_size);
        printf(", \"%s\": {\"n\": %u, \"min\": %.4f, \"p50\": %.4f, \"p99\": %.4f, \"max\": %.4f}", name, n,
               times[0], times[n / 2], times[n * 99 / 100], times[n - 1]);
    }
    free(times);
}

/* Resident memory of the server, in KiB. */
static long server_rss(void) {
    char path[64], line[256];
    long kib = 0;
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", opt.server_pid);
    FILE *file = opt.server_pid ? fopen(path, "r") : NULL;
    if (!file) return 0;
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "Rss: %ld kB", &kib) == 1) break;
    fclose(file);
    return kib;
}

/* Seconds that the threads of a process have run; those that have ended are not in it. */
static double ran(int pid) {
    char path[300];
    double sum = 0;
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *tasks = pid ? opendir(path) : NULL;
    for (struct dirent *task; tasks && (task = readdir(tasks));) {
        unsigned long long ns;
        snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", pid, task->d_name);
        FILE *file = task->d_name[0] == '.' ? NULL : fopen(path, "r");
        if (file && fscanf(file, "%llu", &ns) == 1) sum += (double)ns * 1e-9;
        if (file) fclose(file);
    }
    if (tasks) closedir(tasks);
    return sum;
}

/* Seconds that the one core which a process may use was busy, the hypervisor's part included;
 * 0 where the process may use several. */
static double core_busy(int pid) {
    cpu_set_t set;
    char name[16], line[256];
    double busy = 0;
    int core = 0;
    if (!pid || sched_getaffinity(pid, sizeof set, &set) || CPU_COUNT(&set) != 1) return 0;
    while (!CPU_ISSET(core, &set)) core++;
    snprintf(name, sizeof name, "cpu%d ", core);
    FILE *file = fopen("/proc/stat", "r");
    while (file && fgets(line, sizeof line, file)) {
        unsigned long user, nice, system, irq, softirq, steal;
        if (strncmp(line, name, strlen(name))) continue;
        if (sscanf(line + strlen(name), "%lu %lu %lu %*u %*u %lu %lu %lu", &user, &nice, &system, &irq,
                   &softirq, &steal) == 6)
            busy = (double)(user + nice + system + irq + softirq + steal) / (double)sysconf(_SC_CLK_TCK);
    }
    if (file) fclose(file);
    return busy;
}

/* What a stretch of time went to: of the server, then of this client. */
struct stretch {
    double started, server, client, server_core, client_core;
};

static struct stretch stretch_begins(void) {
    int own = getpid();
    return (struct stretch){now(), ran(opt.server_pid), ran(own), core_busy(opt.server_pid),
                            core_busy(own)};
}

/* `others`: the part of the more disturbed core that went to neither of the two. */
static void print_usage(const struct stretch *from) {
    struct stretch to = stretch_begins();
    double wall = to.started - from->started;
    double server = (to.server - from->server) / wall;
    double client = (to.client - from->client) / wall;
    double beside_server = (to.server_core - from->server_core) / wall - server;
    double beside_client = (to.client_core - from->client_core) / wall - client;
    double others = beside_server > beside_client ? beside_server : beside_client;
    printf(", \"server_cpu\": %.3f, \"client_idle\": %.3f, \"others\": %.3f", server, 1 - client,
           others > 0 ? others : 0);
}

/* --- The modes --- */

static void open_all(void) {
    int next = 0;
    while (opened + refused < total) {
        while (next < total && opening < OPENING_MAX) dial(&conns[next++]);
        turn(100);
    }
    if (refused) die("%d of %d handshakes failed", refused, total);
}

static void hold(double seconds) {
    double until = now() + seconds;
    for (double left; (left = until - now()) > 0;) {
        progress_at = now();
        turn((int)(left * 1000) + 1);
    }
}

/* Each sender has `window` messages in flight; the next leaves when all have the last. */
static void flow(double seconds) {
    progress_at = now();
    stop_at = now() + seconds;
    for (int s = 0; s < opt.senders; s++)
        for (int i = 0; i < opt.window; i++) send_message((uint32_t)s);
    while (in_flight) turn(100);
}

static void print_common(double opening_s, long rss_before, long rss_open) {
    printf("{\"mode\": \"%s\", \"protocol\": \"%s\", \"clients\": %d, \"senders\": %d, \"window\": %d, "
           "\"filters\": %d, \"opening_s\": %.3f, \"rss_before_kib\": %ld, \"rss_open_kib\": %ld",
           opt.mode, opt.protocol->name, opt.clients, opt.senders, opt.window, opt.filters, opening_s,
           rss_before, rss_open);
}

static void fanout(double opening_s, long rss_before, long rss_open) {
    flow(opt.warmup);
    hold(0.05);
    uint32_t from = sent_count;
    deliveries = delivered_bytes = turns = events_seen = 0;
    struct stretch measured = stretch_begins();
    flow(opt.seconds);
    double took = progress_at - measured.started;
    print_common(opening_s, rss_before, rss_open);
    print_usage(&measured);
    hold(0.05);
    int uneven = 0;  /* clients that did not get each message once, the warm-up's included */
    for (int i = 0; i < opt.clients; i++) uneven += conns[i].received != sent_count;
    printf(", \"seconds\": %.4f, \"messages\": %u, \"deliveries\": %lu, \"uneven\": %d, "
           "\"bytes\": %.1f, \"deliveries_per_s\": %.0f, \"client_batch\": %.1f",
           took, sent_count - from, (unsigned long)deliveries, uneven,
           (double)delivered_bytes / (double)deliveries, (double)deliveries / took,
           (double)events_seen / (double)turns);
    print_times("first_ms", from, offsetof(struct message, first));
    print_times("last_ms", from, offsetof(struct message, last));
    print_times("ack_ms", from, offsetof(struct message, acked));
    printf("}\n");
}

static void idle(double opening_s, long rss_before, long rss_open) {
    hold(opt.seconds);
    print_common(opening_s, rss_before, rss_open);
    printf(", \"rss_held_kib\": %ld}\n", server_rss());
}

/* All leave, miss some messages, and come back at once. */
static void reconnect(double opening_s, long rss_before, long rss_open) {
    bool syncs = !strcmp(opt.protocol->name, "alerta");
    struct conn *sender = &conns[opt.clients];
    for (int i = 0; i < opt.clients; i++) forget(&conns[i]);
    if (syncs) {
        say(sender, 1, "{\"action\":\"ping\"}", 17);
        while (!sender->answered) turn(100);
        for (int i = 0; i < MISSED; i++) send_message(0);
        while (messages[MISSED - 1].acked == 0) turn(100);
    }
    hold(0.5);
    struct stretch measured = stretch_begins();
    double shaken = 0;
    progress_at = measured.started;
    for (int i = 0; i < opt.clients; i++) dial(&conns[i]);
    bool *asked = calloc((size_t)opt.clients, sizeof *asked);
    for (bool done = false; !done;) {
        turn(20);
        for (int i = 0; i < opt.clients && syncs; i++)
            if (conns[i].state == OPEN && !asked[i]) {
                asked[i] = true;
                sync_since(&conns[i]);
            }
        if (!shaken && opened + refused + lost >= total) shaken = now();
        done = shaken && (!syncs || answered + refused + lost >= opt.clients);
    }
    double took = progress_at - measured.started;
    print_common(opening_s, rss_before, rss_open);
    printf(", \"seconds\": %.4f, \"handshakes_s\": %.4f, \"refused\": %d, \"lost\": %d, \"answered\": %d, "
           "\"messages\": %d, \"answer_messages\": %lu, \"rss_after_kib\": %ld",
           took, shaken - measured.started, refused, lost, answered, syncs ? MISSED : 0,
           (unsigned long)answer_messages, server_rss());
    print_usage(&measured);
    printf("}\n");
    free(asked);
}

/* Messages at a steady rate while clients leave and others come; one line of JSON a second. */
static void soak(double opening_s, long rss_before, long rss_open) {
    double started = now(), next_message = started, next_churn = started, next_sample = started;
    int leaving = 0, reconnects = 0;
    say(&conns[opt.clients], 1, "{\"action\":\"ping\"}", 17);
    while (!position[0]) turn(100);
    bool *asked = calloc((size_t)total, sizeof *asked);
    memset(asked, 1, (size_t)total);
    while (now() < started + opt.seconds) {
        turn(5);
        for (; now() >= next_message; next_message += 1 / opt.rate) send_message(0);
        for (; now() >= next_churn; next_churn += 1 / opt.churn, reconnects++) {
            struct conn *c = &conns[leaving];
            forget(c);
            asked[leaving] = false;
            dial(c);
            leaving = (leaving + 1) % opt.clients;
        }
        for (int i = 0; i < opt.clients; i++)
            if (!asked[i] && conns[i].state == OPEN) {
                asked[i] = true;
                sync_since(&conns[i]);
            }
        if (now() < next_sample) continue;
        next_sample += 1;
        progress_at = now();
        printf("{\"at_s\": %.1f, \"rss_kib\": %ld, \"open\": %d, \"messages\": %u, \"deliveries\": %lu, "
               "\"reconnects\": %d, \"syncs\": %d, \"refused\": %d, \"lost\": %d}\n",
               now() - started, server_rss(), opened - opt.senders, sent_count,
               (unsigned long)deliveries, reconnects, answered, refused, lost);
        fflush(stdout);
    }
    hold(0.5);
    print_common(opening_s, rss_before, rss_open);
    printf(", \"seconds\": %.1f, \"messages\": %u, \"deliveries\": %lu, \"reconnects\": %d, \"syncs\": %d, "
           "\"refused\": %d, \"lost\": %d, \"rss_end_kib\": %ld", now() - started, sent_count,
           (unsigned long)deliveries, reconnects, answered, refused, lost, server_rss());
    print_times("ack_ms", 0, offsetof(struct message, acked));
    printf("}\n");
    free(asked);
}

static void usage(void) {
    fprintf(stderr,
        "load --port PORT [--mode fanout|idle|reconnect|soak] [--protocol text|alerta|socketio|nats|mqtt]\n"
        "     [--path /dev] [--clients 100] [--seconds 2] [--warmup 0.3] [--server-pid PID]\n"
        "     [--senders 1] [--window 1]     messages in flight: senders x window\n"
        "     [--bytes 400] [--filters 0]    size of a message; distinct filters (alerta)\n"
        "     [--rate 20] [--churn 10]       soak: messages and reconnects a second\n");
    exit(2);
}

static void parse(int argc, char **argv) {
    static const struct option known[] = {
        {"mode", 1, 0, 'm'}, {"host", 1, 0, 'h'}, {"port", 1, 0, 'p'}, {"path", 1, 0, 'a'},
        {"protocol", 1, 0, 'o'}, {"clients", 1, 0, 'n'}, {"senders", 1, 0, 's'}, {"window", 1, 0, 'w'},
        {"filters", 1, 0, 'f'}, {"bytes", 1, 0, 'b'}, {"seconds", 1, 0, 't'}, {"warmup", 1, 0, 'u'},
        {"rate", 1, 0, 'r'}, {"churn", 1, 0, 'c'}, {"server-pid", 1, 0, 'i'}, {0, 0, 0, 0}};
    const char *protocol = "text";
    for (int o; (o = getopt_long(argc, argv, "", known, NULL)) != -1;) switch (o) {
        case 'm': opt.mode = optarg; break;
        case 'h': opt.host = optarg; break;
        case 'p': opt.port = atoi(optarg); break;
        case 'a': opt.path = optarg; break;
        case 'o': protocol = optarg; break;
        case 'n': opt.clients = atoi(optarg); break;
        case 's': opt.senders = atoi(optarg); break;
        case 'w': opt.window = atoi(optarg); break;
        case 'f': opt.filters = atoi(optarg); break;
        case 'b': opt.bytes = atoi(optarg); break;
        case 't': opt.seconds = atof(optarg); break;
        case 'u': opt.warmup = atof(optarg); break;
        case 'r': opt.rate = atof(optarg); break;
        case 'c': opt.churn = atof(optarg); break;
        case 'i': opt.server_pid = atoi(optarg); break;
        default: usage();
    }
    opt.protocol = NULL;
    for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++)
        if (!strcmp(protocol, protocols[i].name)) opt.protocol = &protocols[i];
    if (!opt.protocol || opt.port <= 0 || opt.clients < 1 || opt.senders < 1 || opt.window < 1
        || opt.bytes < MARK_LEN || opt.bytes > 30000)
        usage();
    if (!opt.path) opt.path = opt.protocol->path;
}

static void allow_files(void) {
    struct rlimit limit;
    rlim_t wanted = (rlim_t)total + 64;
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < wanted) limit.rlim_cur = wanted;
    if (limit.rlim_max < wanted) limit.rlim_max = wanted;
    if (setrlimit(RLIMIT_NOFILE, &limit))
        die("%d connections need %lu open files; raise the limit with ulimit -n", total,
            (unsigned long)wanted);
}

int main(int argc, char **argv) {
    parse(argc, argv);
    total = opt.clients + opt.senders;
    allow_files();
    epoll = epoll_create1(0);
    conns = calloc((size_t)total, sizeof *conns);
    messages = malloc(sizeof *messages * MESSAGES_MAX);
    for (int i = 0; i < total; i++) conns[i] = (struct conn){.fd = -1, .sends = i >= opt.clients};
    make_message();

    long rss_before = server_rss();
    double started = progress_at = now();
    open_all();
    double opening_s = now() - started;
    hold(0.3);
    long rss_open = server_rss();
    if (!strcmp(opt.mode, "fanout")) fanout(opening_s, rss_before, rss_open);
    else if (!strcmp(opt.mode, "idle")) idle(opening_s, rss_before, rss_open);
    else if (!strcmp(opt.mode, "reconnect")) reconnect(opening_s, rss_before, rss_open);
    else if (!strcmp(opt.mode, "soak")) soak(opening_s, rss_before, rss_open);
    else usage();

    /* A reset leaves no port waiting for the next run. */
    struct linger at_once = {1, 0};
    for (int i = 0; i < total; i++)
        if (conns[i].fd >= 0) setsockopt(conns[i].fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    return 0;
}
