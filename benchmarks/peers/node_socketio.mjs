// Echo to all with Socket.IO: io.emit, over WebSocket alone.
import { Server } from "socket.io";
import { createServer } from "node:http";

const http = createServer();
const io = new Server(http, { transports: ["websocket"] });

io.on("connection", (socket) => {
  socket.on("incident", (message) => io.emit("incident", message));
});

http.listen(Number(process.argv[2]), "127.0.0.1");
