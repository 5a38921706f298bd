"""One client that uses what few do: SASL exchanges, a literal of megabytes in pieces, partial fetches, UTF-8 and its downgrade,
RENAME INBOX, SEARCH with SAVE, COMPRESS. Asserts each answer; prints "fine" at the end.

usage: imap_session.py PORT USER PASSWORD
"""
import base64, hashlib, hmac, os, socket, sys, zlib

PORT, USER, PASSWORD = int(sys.argv[1]), sys.argv[2].encode(), sys.argv[3].encode()


class Client:
    def __init__(self):
        self.socket = socket.create_connection(("127.0.0.1", PORT), 20)
        self.packed, self.rest, self.count = False, b"", 0
        self.greeting = self.line()

    def send(self, octets):
        if self.packed:
            octets = self.deflate.compress(octets) + self.deflate.flush(zlib.Z_SYNC_FLUSH)
        self.socket.sendall(octets)

    def fill(self):
        octets = self.socket.recv(65536)
        if not octets:
            raise EOFError(self.rest)
        self.rest += self.inflate.decompress(octets) if self.packed else octets

    def line(self):
        while b"\r\n" not in self.rest:
            self.fill()
        line, self.rest = self.rest.split(b"\r\n", 1)
        return line

    def exact(self, length):
        while len(self.rest) < length:
            self.fill()
        octets, self.rest = self.rest[:length], self.rest[length:]
        return octets

    def finish(self, tag):
        answers = []
        while True:
            line = self.line()
            while line.endswith(b"}") and b"{" in line:
                line += b"\r\n" + self.exact(int(line[line.rindex(b"{") + 1 : -1])) + self.line()
            if line.startswith(tag + b" "):
                return line[len(tag) + 1 :], b"\n".join(answers)
            answers.append(line)

    def ask(self, command):
        """Sends the command; returns its tag."""
        self.count += 1
        tag = b"t%d" % self.count
        self.send(tag + b" " + command + b"\r\n")
        return tag

    def run(self, command, expect=b"OK"):
        tagged, answers = self.finish(self.ask(command))
        assert tagged.startswith(expect), (command[:80], tagged, answers[-200:])
        return answers

    def pack(self):
        self.deflate, self.inflate = zlib.compressobj(6, zlib.DEFLATED, -15), zlib.decompressobj(-15)
        self.packed = True


def plain(name, password):
    return b"AUTHENTICATE PLAIN " + base64.b64encode(b"\0" + name + b"\0" + password)


def scram(client):
    """RFC 5802 §3 by hand, the server's signature checked."""
    first = b"n=" + USER + b",r=" + base64.b64encode(os.urandom(12))
    tag = client.ask(b"AUTHENTICATE SCRAM-SHA-256")
    assert client.line().startswith(b"+")
    client.send(base64.b64encode(b"n,," + first) + b"\r\n")
    answer = base64.b64decode(client.line()[2:])
    parts = dict(part.split(b"=", 1) for part in answer.split(b","))
    salted = hashlib.pbkdf2_hmac("sha256", PASSWORD, base64.b64decode(parts[b"s"]), int(parts[b"i"]))
    final = b"c=biws,r=" + parts[b"r"]
    signed = b",".join([first, answer, final])
    key = hmac.new(salted, b"Client Key", "sha256").digest()
    signature = hmac.new(hashlib.sha256(key).digest(), signed, "sha256").digest()
    proof = base64.b64encode(bytes(a ^ b for a, b in zip(key, signature)))
    client.send(base64.b64encode(final + b",p=" + proof) + b"\r\n")
    server = hmac.new(hmac.new(salted, b"Server Key", "sha256").digest(), signed, "sha256").digest()
    assert base64.b64decode(client.line()[2:]) == b"v=" + base64.b64encode(server)
    client.send(b"\r\n")
    tagged, _ = client.finish(tag)
    assert tagged.startswith(b"OK"), tagged


c = Client()
c.ask(b"AUTHENTICATE PLAIN"); assert c.line().startswith(b"+"); c.send(b"*\r\n"); assert b" BAD" in c.line()
c.run(plain(USER, b"wrong"), b"NO [AUTHENTICATIONFAILED]")
scram(c)
assert b"EXISTS" in c.run(b"SELECT INBOX")

hexadecimal = os.urandom(1_500_000).hex().encode()
big = b"Subject: big\r\n\r\n" + b"\r\n".join(hexadecimal[i : i + 76] for i in range(0, len(hexadecimal), 76)) + b"\r\n"
tag = c.ask(b"APPEND INBOX {%d}" % len(big))
assert c.line().startswith(b"+")
for i in range(0, len(big), 70_000):
    c.send(big[i : i + 70_000])
c.send(b"\r\n")
assert b"APPENDUID" in c.finish(tag)[0]
assert big in c.run(b"FETCH 1 BODY.PEEK[]")
assert b"BODY[]<0> {10}\r\nSubject: b" in c.run(b"FETCH 1 BODY.PEEK[]<0.10>")
assert b"{0}" in c.run(b"FETCH 1 BODY.PEEK[]<99999999.10>") or b'""' in c.run(b"FETCH 1 BODY.PEEK[]<99999999.10>")
c.run(b"FETCH 99 FLAGS", b"BAD")

text = "Subject: gr\u00fc\u00df Gott\r\nFrom: J\u00fcrgen <j\u00fcrgen@b\u00fccher.example>\r\n\r\nhi\r\n".encode()
c.run(b"APPEND INBOX {%d+}\r\n" % len(text) + text)
downgraded = c.run(b"FETCH 2 (ENVELOPE BODYSTRUCTURE)")
assert all(octet < 128 for octet in downgraded), downgraded
assert b"EXPUNGE" in c.run(b"RENAME INBOX old")
assert b"MESSAGES 2" in c.run(b"STATUS old (MESSAGES)") and b"MESSAGES 0" in c.run(b"STATUS INBOX (MESSAGES)")
c.run(b"ENABLE UTF8=ACCEPT")
c.run(b"SELECT old")
assert "gr\u00fc\u00df".encode() in c.run(b"FETCH 2 ENVELOPE")

c.run(b"COMPRESS DEFLATE")
c.pack()
assert big in c.run(b"FETCH 1 BODY.PEEK[]")
c.run(b"COMPRESS DEFLATE", b"NO [COMPRESSIONACTIVE]")
assert b"* SEARCH 2" in c.run(b"SEARCH BODY hi")
assert b"MIN 1 MAX 2 COUNT 2" in c.run(b"UID SEARCH RETURN (MIN MAX COUNT SAVE) ALL")
assert c.run(b"FETCH $ FLAGS").count(b"FETCH") == 2
c.run(b"SORT (ARRIVAL) BOGUS ALL", b"NO [BADCHARSET")
c.run(b"LOGOUT")

c = Client()
c.send(b"x STARTTLS\r\ny LOGIN %s %s\r\n" % (USER, b'"' + PASSWORD + b'"'))
assert c.line().startswith(b"x BAD")
try:
    c.line()
    raise SystemExit("commands behind STARTTLS were answered")
except (EOFError, ConnectionError):
    print("fine")
