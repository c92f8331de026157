"""Publishes to RabbitMQ and takes out again, as shops do: Scripts/make-traffic amqp.

Usage: amqp_load.py HOST CONNECTIONS
"""

import json
import random
import sys
import threading

import pika

HOST, CONNECTIONS = sys.argv[1], int(sys.argv[2])
ROUNDS, BATCH = 400, 20


def order(number):
    return json.dumps({"order": number, "customer": f"c-{number % 977}", "items": [
        {"sku": f"{random.getrandbits(40):010x}", "count": random.randrange(1, 5)}
        for _ in range(random.randrange(1, 9))]}).encode()


def work(number):
    connection = pika.BlockingConnection(pika.ConnectionParameters(HOST, heartbeat=0))
    channel = connection.channel()
    queue = f"orders-{number}"
    channel.exchange_declare("shop", "topic")
    channel.queue_declare(queue, auto_delete=True)
    channel.queue_bind(queue, "shop", f"order.*.{number}")
    channel.basic_qos(prefetch_count=BATCH)
    arrived = channel.consume(queue, inactivity_timeout=30)
    for turn in range(ROUNDS):
        for one in range(BATCH):
            key = f"order.{random.choice(['created', 'paid', 'sent'])}.{number}"
            properties = pika.BasicProperties(
                content_type="application/json", message_id=f"{number}-{turn}-{one}",
                headers={"traceparent": f"00-{random.getrandbits(128):032x}-{random.getrandbits(64):016x}-01"})
            channel.basic_publish("shop", key, order(turn * BATCH + one), properties)
        for _ in range(BATCH):
            method, _, body = next(arrived)
            if body is None:
                sys.exit("amqp_load: nothing came back")
            channel.basic_ack(method.delivery_tag)
    connection.close()


threads = [threading.Thread(target=work, args=(number,)) for number in range(CONNECTIONS)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
