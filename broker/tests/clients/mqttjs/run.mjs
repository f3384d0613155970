// mqtt.js against the door: node run.mjs HOST PORT WEBSOCKET_PORT. Prints each scenario; fails with the first.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';

// the packages are installed beside the build's other products, not in the source tree
const mqtt = createRequire(`${process.env.MQTTJS_HOME}/`)('mqtt');
const [host, port, ws] = process.argv.slice(2);
const soon = (promise, what) =>
  Promise.race([promise, sleep(10_000, null, { ref: false }).then(() => assert.fail(`${what} did not come in time`))]);

async function client(id, version, options = {}, url = `mqtt://${host}:${port}`) {
  const c = mqtt.connect(url, { clientId: id, protocolVersion: version, reconnectPeriod: 0, ...options });
  c.heard = [];
  c.on('message', (topic, payload, packet) => c.heard.push({ topic, text: payload.toString(), packet }));
  c.on('error', (error) => { throw error; });
  c.connack = await soon(new Promise((done) => c.once('connect', done)), 'CONNACK');
  return c;
}
async function hears(c, count) {
  const end = Date.now() + 10_000;
  while (c.heard.length < count) {
    assert(Date.now() < end, `${c.heard.length} of ${count} messages`);
    await sleep(5);
  }
  await sleep(50);
  assert.equal(c.heard.length, count);
  return c.heard.splice(0);
}
const kept = (version) => (version === 5 ? { clean: false, properties: { sessionExpiryInterval: 600 } } : { clean: false });

const scenarios = {
  async qualities(v) {
    const [a, b] = [await client('a', v), await client('b', v)];
    for (const granted of [0, 1, 2]) {
      await a.subscribeAsync(`js/${v}/${granted}/#`, { qos: granted });
      for (const said of [0, 1, 2]) {
        await soon(b.publishAsync(`js/${v}/${granted}/é`, 'x', { qos: said }), 'acknowledgement');
        const [{ packet }] = await hears(a, 1);
        assert.equal(packet.qos, Math.min(granted, said));
      }
    }
    await Promise.all([a.endAsync(), b.endAsync()]);
  },
  async retained(v) {
    const a = await client('a', v);
    await a.publishAsync(`jr/${v}`, 'kept', { qos: 1, retain: true });
    await a.subscribeAsync(`jr/${v}`, { qos: 1 });
    const [{ text, packet }] = await hears(a, 1);
    assert.deepEqual([text, packet.retain], ['kept', true]);
    await a.publishAsync(`jr/${v}`, '', { qos: 1, retain: true });
    await hears(a, 1);
    const b = await client('b', v);
    await b.subscribeAsync(`jr/${v}`);
    await hears(b, 0);
    await Promise.all([a.endAsync(), b.endAsync()]);
  },
  async will(v) {
    const a = await client('a', v);
    await a.subscribeAsync(`jw/${v}`, { qos: 1 });
    const b = await client('b', v, { will: { topic: `jw/${v}`, payload: 'gone', qos: 1 } });
    b.stream.destroy();
    assert.equal((await hears(a, 1))[0].text, 'gone');
    await Promise.all([a.endAsync(), b.endAsync(true)]);
  },
  async persistent(v) {
    const clean = await client('keeper', v, { clean: true });
    await clean.endAsync();
    let k = await client('keeper', v, kept(v));
    assert.equal(k.connack.sessionPresent, false);
    await k.subscribeAsync(`jp/${v}/#`, { qos: 2 });
    await k.endAsync();
    const a = await client('a', v);
    for (let n = 0; n < 20; n++) await a.publishAsync(`jp/${v}/x`, `${n}`, { qos: 1 + (n % 2) });
    k = await client('keeper', v, { ...kept(v), resubscribe: false });
    assert.equal(k.connack.sessionPresent, true);
    assert.deepEqual((await hears(k, 20)).map((m) => Number(m.text)).sort((x, y) => x - y), [...Array(20).keys()]);
    await Promise.all([a.endAsync(), k.endAsync()]);
  },
  async shared(v) {
    const members = [await client('m1', v), await client('m2', v), await client('m3', v)];
    for (const m of members) await m.subscribeAsync(`$share/g/js/${v}`, { qos: 1 });
    const a = await client('a', v);
    for (let n = 0; n < 9; n++) await a.publishAsync(`js/${v}`, `${n}`, { qos: 1 });
    for (const m of members) await hears(m, 3);
    await Promise.all([a, ...members].map((c) => c.endAsync()));
  },
  async websocket(v) {
    const a = await client('ws', v, {}, `ws://${host}:${ws}/mqtt`);
    await a.subscribeAsync(`jws/${v}`, { qos: 2 });
    for (let n = 0; n < 30; n++) await a.publishAsync(`jws/${v}`, `${n}`, { qos: n % 3 });
    await hears(a, 30);
    await a.endAsync();
  },
};
for (const v of [4, 5]) {
  for (const [name, scenario] of Object.entries(scenarios)) {
    console.log(`mqtt.js ${name} ${v === 4 ? '3.1.1' : '5'}`);
    await scenario(v);
  }
}
console.log('mqtt.js version 5');
const [a, b] = [await client('a', 5, { properties: { topicAliasMaximum: 10 }, autoAssignTopicAlias: true }), await client('b', 5)];
await b.subscribeAsync('j5/#', { qos: 1, rap: true, nl: true, properties: { subscriptionIdentifier: 300 } });
const properties = { userProperties: { k: ['v', 'w'] }, contentType: 't', responseTopic: 'j5/r', correlationData: Buffer.from('1') };
for (let n = 0; n < 3; n++) await a.publishAsync('j5/x', `${n}`, { qos: 1, properties });
await b.publishAsync('j5/x', 'own', { qos: 1 });
for (const { packet } of await hears(b, 3)) {
  assert.equal(packet.properties.subscriptionIdentifier, 300);
  assert.deepEqual({ ...packet.properties.userProperties }, { k: ['v', 'w'] });
  assert.equal(packet.properties.contentType, 't');
}
await Promise.all([a.endAsync(), b.endAsync()]);
