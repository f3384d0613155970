// A gauge on a river, as much of MQTT 3.1.1 as it needs: it connects without a name, says what it measured, and waits
// until that is on the disk.
import { once } from "node:events";
import { connect } from "node:net";

const text = (words) => {
  const bytes = Buffer.from(words);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
};
const packet = (head, ...parts) => {
  const body = Buffer.concat(parts);
  const length = [];
  for (let left = body.length; ; left >>= 7) {
    length.push((left & 127) | (left > 127 ? 128 : 0));
    if (left < 128) break;
  }
  return Buffer.concat([Buffer.from([head, ...length]), body]);
};

/** Says readings, each a station, a moment and the stage; answers when all of them are acknowledged. */
export async function measured(readings) {
  const [host, port] = process.env.BONGSU_MQTT.split(":");
  const socket = connect(Number(port), host);
  await once(socket, "connect");
  socket.write(packet(0x10, text("MQTT"), Buffer.from([4, 2, 0, 60]), text(`gauge-${process.pid}-${performance.now()}`)));
  const [welcome] = await once(socket, "data");
  if (welcome[0] !== 0x20 || welcome[3] !== 0) throw new Error("the door does not let the gauge in");
  let taken = 0;
  const all = new Promise((done, failed) => {
    socket.on("data", (answer) => {
      // A PUBACK is four bytes.
      taken += answer.length / 4;
      if (taken >= readings.length) done();
    });
    socket.on("error", failed);
    socket.on("close", () => failed(new Error("the door has shut")));
  });
  readings.forEach(({ station, at, stage }, n) => {
    const said = JSON.stringify({ t: new Date(at).toISOString(), river_stage: Number(stage.toFixed(2)) });
    socket.write(packet(0x32, text(`bongsu/v1/${station}/obs`), Buffer.from([(n + 1) >> 8, (n + 1) & 255]), Buffer.from(said)));
  });
  await all;
  socket.removeAllListeners("close");
  socket.end(packet(0xe0));
}
