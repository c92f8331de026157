#!/usr/bin/env python3
"""Produces to librdkafka's mock brokers and consumes from them until interrupted.

Usage: kafka_load.py PRODUCERS
"""

import json
import random
import sys
import threading

from confluent_kafka import Consumer, Producer

host = Producer({"test.mock.num.brokers": 3, "log_level": 0})
brokers = ",".join(f"{b.host}:{b.port}" for b in host.list_topics(timeout=10).brokers.values())
topics = ["orders", "payments", "clicks"]
over = threading.Event()


def produce(number):
    codec = ["none", "lz4", "gzip", "none"][number % 4]
    producer = Producer({"bootstrap.servers": brokers, "compression.type": codec, "linger.ms": 5,
                         "batch.num.messages": [50, 200, 500, 20][number % 4], "log_level": 0,
                         "acks": "all", "client.id": f"shop-{number}", "queue.buffering.max.messages": 2_000})
    rng = random.Random(number)
    while not over.is_set():
        value = json.dumps({"order": rng.randrange(10**6), "sku": f"{rng.getrandbits(64):x}",
                            "note": "x" * rng.randrange(400)})
        try:
            producer.produce(rng.choice(topics), value, key=f"customer-{rng.randrange(5_000)}")
            producer.poll(0)
        except BufferError:
            producer.poll(0.01)


def consume(number):
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": f"billing-{number}",
                         "auto.offset.reset": "earliest", "client.id": f"billing-{number}",
                         "fetch.wait.max.ms": 50, "log_level": 0})
    consumer.subscribe(topics)
    while not over.is_set():
        consumer.consume(500, timeout=0.2)


work = [(produce, n) for n in range(int(sys.argv[1]))] + [(consume, n) for n in range(2)]
threads = [threading.Thread(target=run, args=(n,), daemon=True) for run, n in work]
for thread in threads:
    thread.start()
try:
    for thread in threads:
        thread.join()
except KeyboardInterrupt:
    over.set()
    for thread in threads:
        thread.join(timeout=1)
