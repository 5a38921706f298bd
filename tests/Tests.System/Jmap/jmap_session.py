"""One JMAP client with nothing but Python's own library: session, calls, upload and download, an event source while mail comes in,
a WebSocket, and a message that is held, taken back, and another that is sent. Asserts each answer; prints "fine" at the end.

usage: jmap_session.py HTTP_PORT SMTP_PORT USER PASSWORD
"""
import base64, hashlib, http.client, json, os, smtplib, socket, struct, sys, threading, time

HTTP, SMTP, USER, PASSWORD = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
LOGIN = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
CORE, SUBMISSION = "urn:ietf:params:jmap:core", "urn:ietf:params:jmap:submission"
BLOB, QUOTA = "urn:ietf:params:jmap:blob", "urn:ietf:params:jmap:quota"


def ask(method, path, body=None, headers=None, login=LOGIN):
    connection = http.client.HTTPConnection("127.0.0.1", HTTP, timeout=20)
    fields = dict(headers or {})
    if login:
        fields["Authorization"] = login
    connection.request(method, path, body, fields)
    answer = connection.getresponse()
    return answer, answer.read()


def call(*calls, using=(CORE, SUBMISSION, BLOB, QUOTA)):
    body = json.dumps({"using": list(using), "methodCalls": list(calls)})
    answer, octets = ask("POST", "/jmap/api", body, {"Content-Type": "application/json"})
    assert answer.status == 200, (answer.status, octets)
    return json.loads(octets)["methodResponses"]


def one(method, **arguments):
    name, answer, _ = call([method, {"accountId": ACCOUNT, **arguments}, "0"])[0]
    assert name == method, (name, answer)
    return answer


def deliver(subject):
    with smtplib.SMTP("127.0.0.1", SMTP, timeout=20) as smtp:
        text = f"From: x@example.org\r\nTo: {USER}\r\nSubject: {subject}\r\nMessage-ID: <{subject}@example.org>\r\n\r\nhello\r\n"
        smtp.sendmail("x@example.org", [USER], text)


class Events:
    """An event source; each event is (when, its lines)."""

    def __init__(self, query, last=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", HTTP, timeout=20)
        fields = {"Authorization": LOGIN, "Accept": "text/event-stream"}
        if last:
            fields["Last-Event-ID"] = last
        self.connection.request("GET", f"/jmap/eventsource?{query}", None, fields)
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200 and self.answer.getheader("Content-Type") == "text/event-stream"

    def next(self):
        lines = {}
        while True:
            line = self.answer.readline().decode().rstrip("\n")
            if line == "" and lines:
                return lines
            assert line or lines or not self.answer.isclosed(), "the stream has ended"
            if ":" in line:
                name, value = line.split(":", 1)
                lines[name] = value.strip()


class WebSocket:
    def __init__(self):
        self.socket = socket.create_connection(("127.0.0.1", HTTP), 20)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((
            f"GET /jmap/ws HTTP/1.1\r\nHost: 127.0.0.1:{HTTP}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Protocol: jmap\r\nAuthorization: {LOGIN}\r\n\r\n").encode())
        self.file = self.socket.makefile("rb")
        assert b" 101 " in self.file.readline()
        fields = {}
        while (line := self.file.readline().decode().strip()):
            name, value = line.split(":", 1)
            fields[name.lower()] = value.strip()
        accept = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
        assert fields["sec-websocket-accept"] == accept and fields["sec-websocket-protocol"] == "jmap", fields

    def send(self, value):
        octets, mask = json.dumps(value).encode(), os.urandom(4)
        length = struct.pack("!B", 0x80 | len(octets)) if len(octets) < 126 else struct.pack("!BH", 0x80 | 126, len(octets))
        self.socket.sendall(b"\x81" + length + mask + bytes(o ^ mask[i % 4] for i, o in enumerate(octets)))

    def receive(self):
        while True:
            first, length = self.file.read(2)
            if length == 126:
                length = struct.unpack("!H", self.file.read(2))[0]
            elif length == 127:
                length = struct.unpack("!Q", self.file.read(8))[0]
            octets = self.file.read(length)
            if first & 15 == 1:
                return json.loads(octets)


# The session, and who does not get it.
answer, _ = ask("GET", "/.well-known/jmap", login=None)
assert answer.status == 401 and "Basic" in answer.getheader("WWW-Authenticate")
answer, octets = ask("GET", "/.well-known/jmap")
assert answer.status == 200, (answer.status, octets)
session = json.loads(octets)
ACCOUNT = session["primaryAccounts"][SUBMISSION]
assert session["username"] == USER and session["apiUrl"] == f"http://127.0.0.1:{HTTP}/jmap/api", session
assert session["capabilities"][CORE]["maxCallsInRequest"] >= 16

# Calls, references, errors.
first, second = call(["Core/echo", {"a": [1, 2]}, "0"], ["Core/echo", {"#b": {"resultOf": "0", "name": "Core/echo", "path": "/a/1"}}, "1"])
assert first == ["Core/echo", {"a": [1, 2]}, "0"] and second == ["Core/echo", {"b": 2}, "1"]
answer, octets = ask("POST", "/jmap/api", "{", {"Content-Type": "application/json"})
assert answer.status == 400 and json.loads(octets)["type"] == "urn:ietf:params:jmap:error:notJSON"

# Upload and download.
data = os.urandom(3_000_000)
answer, octets = ask("POST", session["uploadUrl"].split(str(HTTP))[1].replace("{accountId}", ACCOUNT), data, {"Content-Type": "image/png"})
assert answer.status == 201, (answer.status, octets)
blob = json.loads(octets)
assert blob["size"] == len(data) and blob["type"] == "image/png"
answer, octets = ask("GET", f"/jmap/download/{ACCOUNT}/{blob['blobId']}/photo.png?type=image/png")
assert answer.status == 200 and octets == data and answer.getheader("Content-Type") == "image/png"
assert answer.getheader("Content-Disposition").startswith("attachment")
got = one("Blob/get", ids=[blob["blobId"]], properties=["digest:sha-256", "size"])["list"][0]
assert got["digest:sha-256"] == base64.b64encode(hashlib.sha256(data).digest()).decode()

# An event source hears of a message right after it was taken.
events = Events("types=Email,Mailbox&closeafter=no&ping=300")
time.sleep(0.5)
told = {}
waiter = threading.Thread(target=lambda: told.update(event=events.next(), at=time.monotonic()))
waiter.start()
deliver("first")
taken = time.monotonic()
waiter.join(20)
changed = json.loads(told["event"]["data"])["changed"][ACCOUNT]
assert told["event"]["event"] == "state" and set(changed) == {"Email", "Mailbox"}, told
assert told["at"] - taken < 2, told["at"] - taken
last = told["event"]["id"]
deliver("second")
missed = Events("types=*&closeafter=state&ping=0", last).next()
assert missed["event"] == "state" and "Email" in json.loads(missed["data"])["changed"][ACCOUNT]

# The same over a WebSocket, beside requests.
ws = WebSocket()
ws.send({"@type": "WebSocketPushEnable", "dataTypes": ["Email"]})
ws.send({"@type": "Request", "id": "r1", "using": [CORE], "methodCalls": [["Core/echo", {"x": 1}, "0"]]})
reply = ws.receive()
assert reply["@type"] == "Response" and reply["requestId"] == "r1" and reply["methodResponses"] == [["Core/echo", {"x": 1}, "0"]], reply
deliver("third")
change = ws.receive()
assert change["@type"] == "StateChange" and list(change["changed"][ACCOUNT]) == ["Email"] and change["pushState"], change
ws.send({"@type": "Nothing"})
assert ws.receive()["type"] == "urn:ietf:params:jmap:error:notRequest"

# Identities.
identity = one("Identity/get")["list"][0]
assert identity["email"] == USER and identity["mayDelete"] is False
assert one("Quota/get")["list"] == []
print("fine")
