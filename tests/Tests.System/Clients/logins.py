"""Python's imaplib with one way to log in; prints "fine", or the server's refusal.

usage: logins.py PORT USER SECRET login|read-only|xoauth2|oauthbearer
"""
import imaplib, sys

port, user, secret, what = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
client = imaplib.IMAP4("127.0.0.1", port, timeout=20)


def refused(command, code):
    try:
        status, answer = command()
    except imaplib.IMAP4.error as error:
        status, answer = "NO", [str(error).encode()]
    assert status == "NO" and code in answer[0], (status, answer)


try:
    if what == "xoauth2":
        client.authenticate("XOAUTH2", lambda challenge: f"user={user}\x01auth=Bearer {secret}\x01\x01".encode() if not challenge else b"")
    elif what == "oauthbearer":
        client.authenticate("OAUTHBEARER", lambda challenge: f"n,a={user},\x01auth=Bearer {secret}\x01\x01".encode() if not challenge else b"\x01")
    else:
        client.login(user, secret)
except imaplib.IMAP4.error as error:
    text = error.args[0]
    print("NO", text.decode() if isinstance(text, bytes) else text)
    sys.exit(0)
if what == "read-only":
    try:
        client.select("INBOX")
        raise AssertionError("SELECT was READ-WRITE")
    except imaplib.IMAP4.readonly:
        pass
    client.select("INBOX", readonly=True)
    assert client.fetch("1", "(FLAGS BODY[TEXT])")[0] == "OK"
    refused(lambda: client.append("INBOX", "", None, b"Subject: x\r\n\r\ny"), b"NOPERM")
    refused(lambda: client.create("New"), b"NOPERM")
    refused(lambda: client.copy("1", "Archive"), b"NOPERM")
    refused(lambda: client.expunge(), b"NOPERM")
    refused(lambda: client.store("1", "+FLAGS", "(\\Deleted)"), b"NOPERM")
client.logout()
print("fine")
