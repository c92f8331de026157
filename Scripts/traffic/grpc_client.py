#!/usr/bin/env python3
"""Calls the server of grpc_server.py until interrupted. Usage: grpc_client.py ADDRESS CHANNELS"""

import os
import random
import sys
import threading

import grpc

BODY = os.urandom(1 << 14)
over = threading.Event()


def calls(number):
    # A pool of its own, or all channels would share one connection.
    channel = grpc.insecure_channel(sys.argv[1], options=[("grpc.use_local_subchannel_pool", 1)])
    service = "/shop.orders.v1.Orders/"
    get, listing = channel.unary_unary(service + "Get"), channel.unary_stream(service + "List")
    upload, chat = channel.stream_unary(service + "Upload"), channel.stream_stream(service + "Chat")
    metadata = (("x-request-id", f"client-{number}"), ("x-tenant", "blue"))
    rng = random.Random(number)

    def message():
        return b"\x0a\x06orders" + b"\x12\x7f" + BODY[:127] * rng.randrange(1, 8)

    while not over.is_set():
        try:
            for _ in range(12):
                get(message(), metadata=metadata)
            for _ in listing(message()):
                pass
            upload(iter([message() for _ in range(10)]))
            for _ in chat(iter([message() for _ in range(10)])):
                pass
        except grpc.RpcError as error:
            if error.code() not in (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.CANCELLED):
                raise


threads = [threading.Thread(target=calls, args=(n,), daemon=True) for n in range(int(sys.argv[2]))]
for thread in threads:
    thread.start()
try:
    for thread in threads:
        thread.join()
except KeyboardInterrupt:
    over.set()
    os._exit(0)
