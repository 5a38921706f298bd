"""Sends every message of a folder through SMTP, reads it back over IMAP and compares octet for octet.

usage: corpus.py SMTP_PORT IMAP_PORT USER PASSWORD FOLDER [LIMIT]
Prints one JSON object: sent, appended, refused {name: reply}, different [names].

The sender turns line ends into CRLF, as any SMTP client must. What cannot travel that way (NUL, a CR that is alone after that, a
line over 64 KiB) is expected to be refused and then goes by APPEND instead, as it is. The trace fields that the server puts before
the message are the only difference allowed, and what keeps them apart from it: lines of an mbox file ("From ") are dropped, and before a
first line that is no field comes an empty one.
"""
import imaplib, json, os, re, smtplib, sys

TRACE = (b"return-path:", b"delivered-to:", b"received:", b"authentication-results:")


def only_trace(prefix):
    lines = prefix.split(b"\r\n")
    if lines.pop() != b"":
        return False
    return all(l[:1] in b" \t" or l.lower().startswith(TRACE) for l in lines)


FIELD = re.compile(rb"[!-9;-~]+[ \t]*:")


def delivered(wire):
    start = 0
    while wire.startswith((b"From ", b">From "), start) and not FIELD.match(wire, start):
        start = wire.index(b"\r\n", start) + 2
    is_field = start or wire.startswith(b"\r\n") or FIELD.match(wire)
    return wire[start:] if is_field else b"\r\n" + wire


def same(stored, sent):
    sent = delivered(sent)
    return stored.endswith(sent) and only_trace(stored[: len(stored) - len(sent)])


def main():
    smtp_port, imap_port, user, password, folder = int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:6]
    limit = int(sys.argv[6]) if len(sys.argv) > 6 else 10_000
    names = sorted(
        os.path.join(at, f) for at, _, files in os.walk(folder) for f in files
        if not f.endswith((".json", ".md", ".tsv", ".license", ".py"))
    )[:limit]
    imap = imaplib.IMAP4("127.0.0.1", imap_port)
    imap.login(user, password)
    imap.create("corpus")
    result = {"sent": 0, "appended": 0, "refused": {}, "different": []}
    smtp = smtplib.SMTP("127.0.0.1", smtp_port, local_hostname="corpus.test", timeout=30)
    smtp.ehlo()
    waiting = []
    for name in names:
        with open(name, "rb") as f:
            octets = f.read()
        wire = re.sub(rb"\r\n|\n", b"\r\n", octets)
        if not wire.endswith(b"\r\n"):
            wire += b"\r\n"
        code, text = smtp.mail("corpus@sender.test")
        if code == 250:
            code, text = smtp.rcpt(user)
        if code == 250:
            try:
                code, text = smtp.data(wire)
            except smtplib.SMTPServerDisconnected:
                code, text = 521, b"closed"
                smtp = smtplib.SMTP("127.0.0.1", smtp_port, local_hostname="corpus.test", timeout=30)
                smtp.ehlo()
        if code == 250:
            result["sent"] += 1
            waiting.append((name, wire))
        else:
            if smtp.sock:
                smtp.rset()
            result["refused"][os.path.relpath(name, folder)] = "%d %s" % (code, text.decode("latin-1"))
        # Everything also goes by APPEND, as it is in the file.
        if octets:
            kind, reply = imap.append("corpus", None, None, octets) if b"\0" not in octets else ("OK", [b""])
            # imaplib turns line ends into CRLF before it appends, lone CRs included.
            appended = imaplib.MapCRLF.sub(imaplib.CRLF, octets)
            if kind == "OK" and reply != [b""]:
                result["appended"] += 1
                waiting.append((name, appended, re.search(rb"APPENDUID \d+ (\d+)", reply[0]).group(1)))
    imap.select("INBOX", readonly=True)
    kind, found = imap.uid("SEARCH", None, "ALL")
    uids = found[0].split()
    sent = [w for w in waiting if len(w) == 2]
    if len(uids) != len(sent):
        result["different"].append("INBOX holds %d messages, %d were accepted" % (len(uids), len(sent)))
    for uid, (name, wire) in zip(uids, sent):
        kind, data = imap.uid("FETCH", uid, "(BODY.PEEK[] RFC822.SIZE ENVELOPE BODYSTRUCTURE)")
        stored = max((p[1] for p in data if isinstance(p, tuple) and b"BODY[]" in p[0]), key=len, default=b"")
        if not same(stored, wire):
            result["different"].append("smtp " + os.path.relpath(name, folder))
    imap.select("corpus", readonly=True)
    for w in waiting:
        if len(w) == 3:
            kind, data = imap.uid("FETCH", w[2], "(BODY.PEEK[])")
            stored = data[0][1] if data and isinstance(data[0], tuple) else b""
            if stored != w[1]:
                result["different"].append("append " + os.path.relpath(w[0], folder))
    imap.logout()
    print(json.dumps(result))


main()
