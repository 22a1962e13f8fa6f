/* The limit: a bare epoll loop that sends what one client says to all, one send() a client.
 *
 * It stores nothing, checks nothing, and drops a client whose socket is full. It knows one
 * handshake key, the load client's, so that it needs no SHA-1: it serves nobody else.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
#define FILES_MAX 65536
#define EVENTS 512

struct client {
    int fd;
    int place;              /* in `open`, from 1; 0 before the handshake */
    uint32_t rest_len;
    char *rest;             /* what has come of a frame that is not whole yet */
};

static int epoll;
static struct client *clients[FILES_MAX];  /* by descriptor */
static struct client *open_clients[FILES_MAX];
static int open_count;
static char buffer[1 << 17], out[1 << 17];

static void drop(struct client *c) {
    if (c->place) {
        struct client *last = open_clients[--open_count];
        open_clients[c->place - 1] = last;
        last->place = c->place;
    }
    clients[c->fd] = NULL;
    close(c->fd);
    free(c->rest);
    free(c);
}

static void send_to_all(const char *payload, size_t len) {
    size_t head = len < 126 ? 2 : 4;
    out[0] = (char)0x81;
    out[1] = (char)(len < 126 ? len : 126);
    if (head == 4) {
        out[2] = (char)(len >> 8);
        out[3] = (char)len;
    }
    memcpy(out + head, payload, len);
    for (int i = 0; i < open_count; i++)
        if (send(open_clients[i]->fd, out, head + len, MSG_NOSIGNAL) != (ssize_t)(head + len))
            shutdown(open_clients[i]->fd, SHUT_RDWR);
}

static size_t take_handshake(struct client *c, const char *p, size_t len) {
    static const char answer[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Accept: " ACCEPT "\r\n\r\n";
    const char *end = memmem(p, len, "\r\n\r\n", 4);
    if (!end) return 0;
    if (!memmem(p, len, KEY, sizeof KEY - 1)) {
        shutdown(c->fd, SHUT_RDWR);
        return 0;
    }
    open_clients[open_count++] = c;
    c->place = open_count;
    send(c->fd, answer, sizeof answer - 1, MSG_NOSIGNAL);
    return (size_t)(end - p) + 4;
}

static size_t take_frame(struct client *c, char *p, size_t len) {
    if (len < 6) return 0;
    size_t size = p[1] & 127, head = 6;
    if (size == 126) {
        head = 8;
        size = (size_t)((uint8_t)p[2] << 8 | (uint8_t)p[3]);
    }
    if (len < head + size) return 0;
    if ((p[0] & 15) != 1) {
        shutdown(c->fd, SHUT_RDWR);
        return 0;
    }
    for (size_t i = 0; i < size; i++) p[head + i] ^= p[head - 4 + (i & 3)];
    send_to_all(p + head, size);
    return head + size;
}

static void readable(struct client *c) {
    if (c->rest_len) memcpy(buffer, c->rest, c->rest_len);
    ssize_t got = recv(c->fd, buffer + c->rest_len, sizeof buffer - c->rest_len, 0);
    if (got <= 0) {
        if (got == 0 || errno != EAGAIN) drop(c);
        return;
    }
    size_t len = c->rest_len + (size_t)got, at = 0, used;
    if (!c->place) at = take_handshake(c, buffer, len);
    while (c->place && (used = take_frame(c, buffer + at, len - at))) at += used;
    if (len > at) {
        c->rest = realloc(c->rest, len - at);
        memcpy(c->rest, buffer + at, len - at);
    }
    c->rest_len = (uint32_t)(len - at);
}

static void accept_all(int listener) {
    int fd, one = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        if (fd >= FILES_MAX) {
            close(fd);
            continue;
        }
        clients[fd] = calloc(1, sizeof **clients);
        clients[fd]->fd = fd;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    }
}

int main(int argc, char **argv) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    at.sin_port = htons((uint16_t)(argc > 1 ? atoi(argv[1]) : 0));
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&at, sizeof at) || listen(listener, 4096)) {
        perror("listen");
        return 1;
    }
    epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        struct epoll_event events[EVENTS];
        int n = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < n; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) accept_all(listener);
            else if (clients[fd]) readable(clients[fd]);
        }
    }
}
