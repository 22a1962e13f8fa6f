"""The whole service as people meet it: real processes, real sockets, real mail."""
