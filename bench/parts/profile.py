"""Where the time goes: the worker's own loop in one process, without and then under cProfile."""

from ..contenders import Place
from ..contenders.preavis import Preavis, make_due
from ..installation import Installation
from ..servers import Ledger, SmtpSink


def measure(place: Place, *, recipients: int, lines: int, sort: str) -> None:
    preavis = Preavis()
    for how in ("plain", "profile"):
        with preavis.copy(place, recipients) as (url, scene):
            sink = SmtpSink(place.folder)
            place.valkey.empty()
            ledger = Ledger(url)
            try:
                make_due(ledger, scene["w"])
                installation = Installation(place.folder, database_url=url, redis_url=place.valkey.url, smtp_port=sink.port)
                expanded = installation.inside("expand", scene["w"])
                done = installation.inside("loop", how, lines, sort)
                received = sink.received()
            finally:
                ledger.close()
                sink.close()
        rate = done["sent"] / done["seconds"]
        print(f"{how}: expanded in {expanded['seconds']:.2f} s; {done['sent']:,} sent ({received:,} received) by one process")
        cpu = done["cpu_seconds"] / done["sent"] * 1e6
        print(f"{how}: {done['seconds']:.2f} s, {rate:,.0f}/s, {1e6 / rate:.0f} µs each, of which {cpu:.0f} µs on the processor")
        print(done["functions"])
