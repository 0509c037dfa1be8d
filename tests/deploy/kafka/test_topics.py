"""The topics file says what the fleet's topics are."""

from deploy.kafka.topics import topics

WEEK_MS = 7 * 24 * 3600 * 1000


def test_there_is_one_topic_a_publisher_and_the_compacted_one() -> None:
    names = {topic.name for topic in topics("jajaya")}
    publishers = ("user", "order", "worker", "dispatch", "payment", "promotion")
    assert names == {f"jajaya.{name}" for name in (*publishers, "worker.state")}


def test_events_are_kept_a_week_and_worker_state_for_ever() -> None:
    for topic in topics("t1"):
        assert topic.partitions == 6
        if topic.name == "t1.worker.state":
            assert topic.config["cleanup.policy"] == "compact"
        else:
            assert topic.config["cleanup.policy"] == "delete"
            assert int(topic.config["retention.ms"]) == WEEK_MS
