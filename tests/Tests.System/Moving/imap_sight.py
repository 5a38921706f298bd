# Everything of every mailbox of an account, as JSON: imap_sight.py PORT USER PASSWORD
import base64, imaplib, json, re, sys
from datetime import datetime

imaplib._MAXLINE = 1 << 26


def name(mailbox):
    """Modified UTF-7 (RFC 3501 section 5.1.3) as text."""
    return re.sub(r"&([^-]*)-", lambda m: "&" if m[1] == "" else base64.b64decode(
        m[1].replace(",", "/") + "=" * (-len(m[1]) % 4)).decode("utf-16-be"), mailbox)


def told(line):
    text = line.decode() if isinstance(line, bytes) else (line[0] + line[1] + b'"').decode()
    flags, delimiter, mailbox = re.match(r'\((.*?)\) "(.)" (.*)$', text).groups()
    return flags.split(), mailbox.strip('"').replace('\\\\', '\\').replace('\\"', '"')


def quoted(raw):
    return '"' + raw.replace('\\', '\\\\').replace('"', '\\"') + '"'


port, user, password = int(sys.argv[1]), sys.argv[2], sys.argv[3]
imap = imaplib.IMAP4("127.0.0.1", port)
imap.login(user, password)
boxes, messages, uses = [], [], {}
for line in imap.list()[1]:
    flags, raw = told(line)
    if {flag.lower() for flag in flags} & {"\\noselect", "\\nonexistent"}:
        continue
    for flag in flags:
        if flag in ("\\Drafts", "\\Sent", "\\Junk", "\\Trash", "\\Archive"):
            uses[flag] = name(raw)
    status = imap.status(quoted(raw), "(UIDVALIDITY UIDNEXT MESSAGES)")[1][0].decode()
    number = lambda item: int(re.search(item + r" (\d+)", status)[1])
    boxes.append(dict(name=name(raw), uidvalidity=number("UIDVALIDITY"), uidnext=number("UIDNEXT"), messages=number("MESSAGES")))
    imap.select(quoted(raw), readonly=True)
    if number("MESSAGES") == 0:
        continue
    for part in imap.uid("FETCH", "1:*", "(UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])")[1]:
        if not isinstance(part, tuple):
            continue
        head = part[0].decode()
        received = datetime.strptime(re.search(r'INTERNALDATE "(.*?)"', head)[1].strip(), "%d-%b-%Y %H:%M:%S %z")
        messages.append(dict(
            mailbox=name(raw), uid=int(re.search(r"UID (\d+)", head)[1]), flags=re.search(r"FLAGS \((.*?)\)", head)[1].split(),
            received=int(received.timestamp()),
            size=int(re.search(r"RFC822.SIZE (\d+)", head)[1]), text=part[1].decode("latin-1")))
subscriptions = [name(told(line)[1]) for line in imap.lsub()[1] if line]
imap.logout()
print(json.dumps(dict(boxes=boxes, messages=messages, subscriptions=subscriptions, uses=uses)))
