"""Python's imaplib with one way to log in; prints "fine", or the server's refusal.

usage: logins.py PORT USER SECRET login|read-only|xoauth2|oauthbearer|smtp-xoauth2; tokens go over TLS, whose certificate nobody signed
"""
import imaplib, smtplib, ssl, sys

port, user, secret, what = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
trusting = ssl._create_unverified_context()
if what == "smtp-xoauth2":
    mail = smtplib.SMTP_SSL("127.0.0.1", port, timeout=20, context=trusting)
    mail.ehlo("client.example.test")
    assert "XOAUTH2" in mail.esmtp_features["auth"], mail.esmtp_features
    try:
        mail.auth("XOAUTH2", lambda challenge=None: f"user={user}\x01auth=Bearer {secret}\x01\x01" if not challenge else "")
        mail.sendmail(user, [user], f"From: {user}\r\nSubject: by token\r\n\r\nhello\r\n")
        print("fine")
    except smtplib.SMTPAuthenticationError as error:
        print(error.smtp_code, error.smtp_error.decode())
    sys.exit(0)
client = imaplib.IMAP4_SSL("127.0.0.1", port, ssl_context=trusting, timeout=20) if "oauth" in what else imaplib.IMAP4("127.0.0.1", port, timeout=20)


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
