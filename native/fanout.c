/* The same bytes to many sockets: loops of send() without the interpreter's lock. */
#define _GNU_SOURCE
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/socket.h>

enum { PIECE = 64, PIECES_A_THREAD = 4, THREADS_MAX = 4 };

struct job {
    const int *fds;
    Py_ssize_t count;
    const void *data;
    size_t size;
    ssize_t *taken; /* by each socket, or -1 */
    atomic_long next; /* the first socket that nobody has begun with */
};

/* Whoever is free takes the next piece: a thread that starts late holds nobody up. */
static void *work(void *of)
{
    struct job *job = of;
    Py_ssize_t i;
    while ((i = atomic_fetch_add(&job->next, PIECE)) < job->count) {
        Py_ssize_t end = i + PIECE < job->count ? i + PIECE : job->count;
        for (; i < end; i++) {
            do job->taken[i] = send(job->fds[i], job->data, job->size, MSG_DONTWAIT | MSG_NOSIGNAL);
            while (job->taken[i] < 0 && errno == EINTR);
        }
    }
    return NULL;
}

/* As many processors as this process may use, of those that there is enough to do for. */
static int helpers(Py_ssize_t count)
{
    cpu_set_t allowed;
    Py_ssize_t threads = count / (PIECE * PIECES_A_THREAD);
    if (threads > THREADS_MAX) threads = THREADS_MAX;
    if (threads < 2 || sched_getaffinity(0, sizeof allowed, &allowed)) return 0;
    return (int)(threads < CPU_COUNT(&allowed) ? threads : CPU_COUNT(&allowed)) - 1;
}

static void send_job(struct job *job)
{
    pthread_t thread[THREADS_MAX];
    int wanted = helpers(job->count), started = 0;
    while (started < wanted && !pthread_create(&thread[started], NULL, work, job)) started++;
    work(job);
    while (started > 0) pthread_join(thread[--started], NULL);
}

/* send_all(fds, data) -> [(place, sent), …]: those that did not take all of the data, and how
 * much they took. An error counts as nothing taken: whoever sends the rest meets it again. */
static PyObject *send_all(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer fds, data;
    if (!PyArg_ParseTuple(args, "y*y*", &fds, &data)) return NULL;
    struct job job = {fds.buf, fds.len / (Py_ssize_t)sizeof(int), data.buf, (size_t)data.len, NULL, 0};
    PyObject *result = PyList_New(0);
    job.taken = PyMem_Malloc((size_t)job.count * sizeof *job.taken);
    if (job.taken == NULL) PyErr_NoMemory();
    if (result == NULL || job.taken == NULL) goto failed;
    Py_BEGIN_ALLOW_THREADS
    send_job(&job);
    Py_END_ALLOW_THREADS
    for (Py_ssize_t i = 0; i < job.count; i++) {
        if (job.taken[i] == data.len) continue;
        PyObject *pair = Py_BuildValue("nn", i, job.taken[i] < 0 ? 0 : job.taken[i]);
        int failed = pair == NULL || PyList_Append(result, pair);
        Py_XDECREF(pair);
        if (failed) goto failed;
    }
    goto done;
failed:
    Py_CLEAR(result);
done:
    PyMem_Free(job.taken);
    PyBuffer_Release(&fds);
    PyBuffer_Release(&data);
    return result;
}

static PyMethodDef methods[] = {
    {"send_all", send_all, METH_VARARGS, "Send the same bytes to many descriptors."},
    {NULL, NULL, 0, NULL},
};
static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, .m_name = "alerta_fanout", .m_size = -1, .m_methods = methods,
};

PyMODINIT_FUNC PyInit_alerta_fanout(void)
{
    return PyModule_Create(&module);
}
