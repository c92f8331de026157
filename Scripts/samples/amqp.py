"""A shop's queue: what make-protocol-samples captures of RabbitMQ.

Usage: amqp.py BROKER
"""

import sys

import pika




def connect(password="guest"):
    return pika.BlockingConnection(pika.ConnectionParameters(
        sys.argv[1], credentials=pika.PlainCredentials("guest", password)))


connection = connect()
channel = connection.channel()
channel.exchange_declare("orders", exchange_type="topic")
channel.queue_declare("packing", exclusive=True)
channel.queue_bind("packing", "orders", "order.*")
channel.basic_qos(prefetch_count=2)
channel.confirm_delivery()
for number in range(3):
    channel.basic_publish(
        "orders", f"order.{number}", b'{"tea":"Assam","grams":100}',
        pika.BasicProperties(content_type="application/json", message_id=str(number),
                             headers={"trace": "7"}))
method, _, _ = channel.basic_get("packing")
channel.basic_ack(method.delivery_tag)
for method, _, _ in channel.consume("packing", inactivity_timeout=1):
    channel.basic_ack(method.delivery_tag)
    if method.delivery_tag == 3:
        break
channel.cancel()
try:
    channel.basic_publish("orders", "refund.1", b"nobody wants it", mandatory=True)
except pika.exceptions.UnroutableError:
    pass
try:
    connection.channel().queue_declare("nowhere", passive=True)
except pika.exceptions.ChannelClosedByBroker:
    pass
connection.close()
try:
    connect("wrong")
except pika.exceptions.AMQPConnectionError:
    pass
