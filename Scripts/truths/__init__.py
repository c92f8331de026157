"""One function per protocol: a truth and our records in, a comparison out.

A function turns what the truth says into expected rows, our records into rows of the same shape,
and lets `settle` match them. To add a protocol, write that function and name it here.
"""

from . import live
from .comparison import Comparison
from .datagrams import icmp, sctp, udp
from .dns import dns
from .grpc import grpc
from .http1 import http1
from .http2 import http2
from .kafka import kafka
from .messages import amqp, diameter, ldap, radius
from .network import icmp_messages, sctp_packets
from .redis import redis
from .tcp import tcp, tcp_health
from .tls import tlsx
from .websocket import websocket

PROTOCOLS = {"http1": http1, "http2": http2, "grpc": grpc, "redis": redis, "kafka": kafka,
             "dns": dns, "amqp": amqp, "ldap": ldap, "radius": radius, "diameter": diameter,
             "tlsx": tlsx, "ws": websocket, "tcp": tcp, "tcp health": tcp_health, "udp": udp, "icmp": icmp,
             "icmp messages": icmp_messages, "sctp": sctp, "sctp packets": sctp_packets,
             **live.PROTOCOLS}
__all__ = ["PROTOCOLS", "Comparison"]
