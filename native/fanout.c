/* Sends the same bytes to many sockets, in a loop of send() without the interpreter's lock. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <errno.h>
#include <sys/socket.h>

/* send_all(fds, data) -> [(place, sent), …]: the sockets that did not take all of the data, and how
 * many bytes they took. An error counts as 0 bytes: sending the rest raises it again. */
static PyObject *send_all(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer fds, data;
    if (!PyArg_ParseTuple(args, "y*y*", &fds, &data)) return NULL;
    const int *fd = fds.buf;
    Py_ssize_t count = fds.len / (Py_ssize_t)sizeof *fd, short_count = 0;
    Py_ssize_t (*rest)[2] = PyMem_Malloc((size_t)count * sizeof *rest);
    PyObject *result = NULL;
    if (rest == NULL) {
        PyErr_NoMemory();
        goto done;
    }
    Py_BEGIN_ALLOW_THREADS
    for (Py_ssize_t i = 0; i < count; i++) {
        ssize_t sent;
        do sent = send(fd[i], data.buf, (size_t)data.len, MSG_DONTWAIT | MSG_NOSIGNAL);
        while (sent < 0 && errno == EINTR);
        if (sent == data.len) continue;
        rest[short_count][0] = i;
        rest[short_count++][1] = sent < 0 ? 0 : sent;
    }
    Py_END_ALLOW_THREADS
    result = PyList_New(short_count);
    for (Py_ssize_t i = 0; result != NULL && i < short_count; i++) {
        PyObject *pair = Py_BuildValue("nn", rest[i][0], rest[i][1]);
        if (pair == NULL) Py_CLEAR(result);
        else PyList_SET_ITEM(result, i, pair);
    }
done:
    PyMem_Free(rest);
    PyBuffer_Release(&fds);
    PyBuffer_Release(&data);
    return result;
}

static PyMethodDef methods[] = {
    {"send_all", send_all, METH_VARARGS, "Send the same bytes to many descriptors."},
    {NULL, NULL, 0, NULL},
};
static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, .m_name = "alerta_utec.gateway._fanout", .m_size = -1, .m_methods = methods,
};

PyMODINIT_FUNC PyInit__fanout(void)
{
    return PyModule_Create(&module);
}
