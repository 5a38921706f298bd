"""Signs, seals and verifies with dkimpy; its DNS is 127.0.0.1 at the port given. The message is read from standard input.

verify PORT                                  one word per DKIM-Signature, from the top: pass or fail
sign DOMAIN SELECTOR KEYFILE ALGORITHM C     the DKIM-Signature field; C is header/body canonicalization
arc-verify PORT                              the state of the chain and its highest instance
arc-seal PORT DOMAIN SELECTOR KEYFILE        the three fields of a new set
"""
import sys

import dkim
import dns.resolver
from dkim.dnsplug import get_txt


def use_dns(port):
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = ["127.0.0.1"]
    resolver.port = int(port)
    dns.resolver.default_resolver = resolver


def verify(message, port):
    use_dns(port)
    checker = dkim.DKIM(message)
    count = sum(1 for name, _ in checker.headers if name.lower() == b"dkim-signature")
    results = []
    for index in range(count):
        try:
            results.append("pass" if dkim.DKIM(message).verify(idx=index, dnsfunc=get_txt) else "fail")
        except dkim.DKIMException as problem:
            results.append("error:" + str(problem).replace(" ", "_"))
    return " ".join(results)


def sign(message, domain, selector, keyfile, algorithm, canonicalization):
    with open(keyfile, "rb") as file:
        key = file.read()
    forms = tuple(part.encode() for part in canonicalization.split("/"))
    return dkim.DKIM(message, signature_algorithm=algorithm.encode()).sign(
        selector.encode(), domain.encode(), key, canonicalize=forms).decode()


def arc_verify(message, port):
    use_dns(port)
    state, results, reason = dkim.ARC(message).verify(dnsfunc=get_txt)
    return f"{(state or b'none').decode()} {max([r['instance'] for r in results], default=0)} {reason}"


def arc_seal(message, port, domain, selector, keyfile):
    use_dns(port)
    with open(keyfile, "rb") as file:
        key = file.read()
    # dkimpy takes the results to seal from the newest Authentication-Results of this name.
    message = b"Authentication-Results: relay.test; arc=%s; spf=pass smtp.mailfrom=example.org\r\n" % (
        dkim.ARC(message).verify(dnsfunc=get_txt)[0] or b"none") + message
    return b"".join(dkim.ARC(message).sign(selector.encode(), domain.encode(), key, b"relay.test")).decode()


COMMANDS = {"verify": verify, "sign": sign, "arc-verify": arc_verify, "arc-seal": arc_seal}
sys.stdout.write(COMMANDS[sys.argv[1]](sys.stdin.buffer.read(), *sys.argv[2:]))
