"""A shop's teas: what make-protocol-samples captures of MongoDB's own client for Python.

Usage: mongodb.py SERVER
"""

import sys

import pymongo
import pymongo.errors


def connect(**more):
    return pymongo.MongoClient(
        sys.argv[1], heartbeatFrequencyMS=600_000, retryReads=False, retryWrites=False,
        appname="tea-shop", **more)


def fails(work):
    try:
        work()
    except pymongo.errors.PyMongoError as error:
        return error
    raise SystemExit("that should have failed")


client = connect()
teas = client.shop.teas
teas.insert_many([{"_id": n, "name": f"tea {n}", "grams": n * 10} for n in range(1, 7)])
fails(lambda: teas.insert_one({"_id": 3, "name": "again", "grams": 0}))
list(teas.find({"grams": {"$gt": 20}}, batch_size=2))
teas.find_one({"name": "tea 2"})
teas.update_many({}, {"$inc": {"grams": 5}})
teas.delete_one({"_id": 6})
list(teas.aggregate([{"$group": {"_id": None, "grams": {"$sum": "$grams"}}}]))
fails(lambda: list(teas.aggregate([{"$brew": {}}])))
fails(lambda: client.shop.command("steep", "teas"))
client.shop.get_collection("log", write_concern=pymongo.WriteConcern(w=0)).insert_one(
    {"_id": 1, "said": "nobody waits for the answer"})
client.shop.command("ping")
client.close()

compressed = connect(compressors="zlib")
list(compressed.shop.teas.find())
compressed.close()

refused = connect(username="ann", password="a-made-up-password", authMechanism="SCRAM-SHA-256")
fails(lambda: refused.shop.command("ping"))
refused.close()
