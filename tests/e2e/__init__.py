"""The whole service as people use it: real processes, real sockets, real mail."""
