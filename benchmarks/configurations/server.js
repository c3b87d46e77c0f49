// node's own server with its defaults, of HTTP/2 (HTTP/1.1 as well) or HTTP/1.1.
const fs = require("fs");
const folder = "@FOLDER@";
const options = {
  key: fs.readFileSync(folder + "/server.key"),
  cert: fs.readFileSync(folder + "/server.crt"),
  ca: fs.readFileSync(folder + "/authority.pem"),
  requestCert: true,
  rejectUnauthorized: true,
  allowHTTP1: true,
};
const log = fs.openSync(folder + "/calls.log", "a");
const answer = (request, response) => {
  fs.writeSync(log, request.url + "\n");
  request.resume();
  request.on("end", () => response.end("ok"));
};
const module_ = require("@KIND@");
const server = "@KIND@" === "http2" ? module_.createSecureServer(options, answer) : module_.createServer(options, answer);
server.listen({ port: @PORT@, host: "127.0.0.1", backlog: 4096 });
