"""kill -9 in the middle of sending, with a real worker, beat, Valkey and SMTP server: nothing lost, nothing sent twice."""

import redis

from config import embedded

from .stage import stage, wait_until

PEOPLE = 300


def all_settled(made):
    return lambda: made.scene("ledger")["open"] == 0


def accounted_for(made, *, doubts):
    """Everybody got exactly one message, but for those the ledger itself calls doubtful, and the ledger is sound."""
    found = made.scene("ledger")
    twice = [address for address, count in made.mailbox.received.items() if count > 1]
    lost = PEOPLE - len(set(made.mailbox.received) | set(found["doubted"]))
    assert twice == []
    assert lost == 0
    assert len(found["doubted"]) <= doubts
    assert sum(found["states"].values()) == PEOPLE
    made.manage("verify")
    return found


def test_a_worker_killed_twice_in_mid_batch_loses_and_doubles_nothing(tmp_path):
    with stage(tmp_path, slowly=0.01) as made:
        made.scene("campaign", PEOPLE)
        made.beat()
        for share in (0.1, 0.4):
            worker = made.worker()
            wait_until(lambda share=share: len(made.mailbox.received) >= share * PEOPLE, seconds=60, what="sending")
            made.kill(worker)
        made.worker()
        wait_until(lambda: len(made.mailbox.received) >= PEOPLE - 2, seconds=60, what="sending the rest")

        found = accounted_for(made, doubts=2)
        assert found["states"].get("sent", 0) >= PEOPLE - 2


def test_redis_flushed_while_sending_and_then_a_kill_doubles_nothing(tmp_path):
    with stage(tmp_path, slowly=0.01) as made:
        made.scene("campaign", PEOPLE)
        made.beat()
        worker = made.worker()
        wait_until(lambda: len(made.mailbox.received) >= 0.1 * PEOPLE, seconds=60, what="sending")
        redis.Redis.from_url(embedded.url(made.folder)).flushall()
        wait_until(lambda: len(made.mailbox.received) >= 0.3 * PEOPLE, seconds=60, what="sending on")
        made.kill(worker)
        made.worker()
        settled = ("sent", "in_doubt", "unknown")
        wait_until(
            lambda: sum(made.scene("ledger")["states"].get(state, 0) for state in settled) == PEOPLE, seconds=60, what="settling"
        )

        accounted_for(made, doubts=200)
