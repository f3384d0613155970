"""paho-mqtt against the door: python paho.py HOST PORT WEBSOCKET_PORT. Prints each scenario; fails with the first."""
import queue
import sys
import threading
import time

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

HOST, PORT, WS = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
V4, V5 = mqtt.MQTTv311, mqtt.MQTTv5
SOON = 10


class Client:
    def __init__(self, name, version, clean=True, expiry=0, will=None, transport="tcp", will_delay=0):
        self.messages, self.connected, self.done = queue.Queue(), queue.Queue(), queue.Queue()
        options = {} if version == V5 else {"clean_session": clean}
        self.c = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, name, protocol=version, transport=transport,
                             reconnect_on_failure=False, **options)
        self.c.on_message = lambda c, u, m: self.messages.put(m)
        self.c.on_connect = lambda c, u, flags, reason, p: self.connected.put((flags.session_present, reason, p))
        self.c.on_subscribe = lambda c, u, mid, reasons, p: self.done.put(reasons)
        self.c.on_unsubscribe = lambda c, u, mid, reasons, p: self.done.put(reasons)
        self.gone = threading.Event()
        self.c.on_disconnect = lambda c, u, flags, reason, p: self.gone.set()
        if will:
            properties = None
            if version == V5:
                properties = Properties(PacketTypes.WILLMESSAGE)
                properties.WillDelayInterval = will_delay
            self.c.will_set(*will, properties=properties)
        if version == V5:
            properties = Properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = expiry
            self.c.connect(HOST, PORT, clean_start=clean, properties=properties)
        else:
            self.c.connect(HOST, WS if transport == "websockets" else PORT)
        self.c.loop_start()
        self.present, reason, self.properties = self.connected.get(timeout=SOON)
        assert not reason.is_failure, reason

    def subscribe(self, *args, **kwargs):
        self.c.subscribe(*args, **kwargs)
        return self.done.get(timeout=SOON)

    def say(self, topic, payload, qos=0, retain=False, properties=None):
        info = self.c.publish(topic, payload, qos, retain, properties)
        info.wait_for_publish(SOON)
        assert info.is_published(), f"{topic} qos {qos} was not acknowledged"

    def hears(self, payload, topic=None):
        m = self.messages.get(timeout=SOON)
        assert m.payload.decode() == payload and topic in (None, m.topic), f"{m.topic} {m.payload} for {payload}"
        return m

    def silent(self):
        try:
            m = self.messages.get(timeout=0.3)
        except queue.Empty:
            return
        raise AssertionError(f"heard {m.topic} {m.payload}")

    def close(self):
        self.c.disconnect()
        self.c.loop_stop()

    def drop(self):
        """Ends the connection without a goodbye."""
        self.c.loop_stop()
        self.c._sock_close()


def every_quality(v):
    a, b = Client(f"a{v}", v), Client(f"b{v}", v)
    for granted in range(3):
        a.subscribe(f"q{v}/{granted}/#", granted)
        for said in range(3):
            b.say(f"q{v}/{granted}/한강", f"{said}", said)
            assert a.hears(f"{said}").qos == min(granted, said)
    for number in range(300):
        b.c.publish(f"q{v}/2/x", str(number), 2)
    for number in range(300):
        a.hears(str(number))
    a.close(), b.close()


def retained(v):
    a = Client(f"a{v}", v)
    a.say(f"r{v}/1", "kept", 1, True)
    a.say(f"r{v}/1", "", 1, False)
    b = Client(f"b{v}", v)
    b.subscribe(f"r{v}/#", 1)
    assert b.hears("kept").retain
    a.say(f"r{v}/1", "", 1, True)
    assert not b.hears("").retain
    c = Client(f"c{v}", v)
    c.subscribe(f"r{v}/#", 1)
    c.silent()
    a.close(), b.close(), c.close()


def will(v):
    a = Client(f"a{v}", v)
    a.subscribe(f"w{v}", 2)
    Client(f"b{v}", v, will=(f"w{v}", "gone", 2, False)).drop()
    a.hears("gone")
    Client(f"b{v}", v, will=(f"w{v}", "gone", 2, False)).close()
    a.silent()
    a.close()


def persistent(v):
    clean = Client(f"p{v}", v, clean=True)
    clean.close()
    p = Client(f"p{v}", v, clean=False, expiry=600)
    assert not p.present
    p.subscribe([(f"p{v}/1", 1), (f"p{v}/2", 2)])
    p.close()
    a = Client(f"a{v}", v)
    for number in range(50):
        a.say(f"p{v}/{1 + number % 2}", str(number), 2)
    p = Client(f"p{v}", v, clean=False, expiry=600)
    assert p.present
    assert sorted(int(p.messages.get(timeout=SOON).payload) for _ in range(50)) == list(range(50))
    p.silent()
    p.close()
    p = Client(f"p{v}", v, clean=True)
    assert not p.present
    a.say(f"p{v}/1", "x", 1)
    p.silent()
    a.close(), p.close()


def shared(v):
    members = [Client(f"m{n}{v}", v) for n in range(2)]
    for m in members:
        m.subscribe(f"$share/g/s{v}/#", 1)
    a = Client(f"a{v}", v)
    for number in range(20):
        a.say(f"s{v}/x", str(number), 1)
    time.sleep(0.3)
    counts = [m.messages.qsize() for m in members]
    assert counts == [10, 10], counts
    a.close(), [m.close() for m in members]


def version_5():
    a, b = Client("a", V5), Client("b", V5)
    properties = Properties(PacketTypes.SUBSCRIBE)
    properties.SubscriptionIdentifier = 7
    a.subscribe("five/#", options=SubscribeOptions(2, noLocal=True, retainAsPublished=True), properties=properties)
    properties = Properties(PacketTypes.PUBLISH)
    properties.ContentType, properties.ResponseTopic, properties.CorrelationData = "text/x", "five/answer", b"77"
    properties.UserProperty = [("k", "v"), ("k", "é")]
    properties.MessageExpiryInterval, properties.PayloadFormatIndicator = 100, 1
    a.say("five/own", "not for me", 2)
    b.say("five/x", "hello", 2, True, properties)
    m = a.hears("hello")
    p = m.properties
    assert m.retain and p.SubscriptionIdentifier == [7] and p.UserProperty == [("k", "v"), ("k", "é")], p
    assert (p.ContentType, p.ResponseTopic, p.CorrelationData) == ("text/x", "five/answer", b"77")
    assert 98 <= p.MessageExpiryInterval <= 100 and p.PayloadFormatIndicator == 1
    b.say("five/x", "", 1, True)
    assigned = Client("", V5)
    assert assigned.properties.AssignedClientIdentifier
    a.hears("")
    start = time.time()
    Client("late", V5, expiry=600, will=("five/will", "late", 1, False), will_delay=1).drop()
    a.hears("late")
    assert time.time() - start >= 1
    Client("back", V5, expiry=600, will=("five/will", "never", 1, False), will_delay=1).drop()
    back = Client("back", V5, clean=False, expiry=600)
    time.sleep(1.2)
    a.silent()
    a.close(), b.close(), back.close(), assigned.close()


def take_over(v):
    old = Client(f"t{v}", v)
    new = Client(f"t{v}", v)
    assert old.gone.wait(SOON), "two connections with one name"
    new.subscribe("t", 0)
    new.close()


def websocket():
    a = Client("ws", V4, transport="websockets")
    a.subscribe("ws/#", 2)
    for number in range(100):
        a.say("ws/x", str(number), number % 3)
    heard = {int(a.messages.get(timeout=SOON).payload) for _ in range(100)}
    assert heard == set(range(100))
    a.say("ws/large", "x" * 150_000, 1)
    a.hears("x" * 150_000)
    a.close()


for v in (V4, V5):
    for scenario in (every_quality, retained, will, persistent, shared, take_over):
        print(f"paho {scenario.__name__} MQTT {'3.1.1' if v == V4 else '5'}", flush=True)
        scenario(v)
for scenario in (version_5, websocket):
    print(f"paho {scenario.__name__}", flush=True)
    scenario()
