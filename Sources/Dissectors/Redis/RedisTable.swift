import Bytes

/// What the dissector knows of Redis commands: where their key stands and what they change.
///
/// Commands that are not listed have their key first, as most do.
struct RedisVerb: Sendable {
  /// Which argument is the first key; the name of the command is argument 0.
  enum Key: Sendable, Equatable {
    case none
    case at(Int)
    /// The argument says how many keys follow.
    case counted(Int)
    /// Behind the word STREAMS.
    case behindStreams
    /// The key at 3, or behind the word KEYS when that is empty (MIGRATE).
    case migrate
  }

  /// What a command does to the conversation, or must not show.
  enum Effect: UInt8, Sendable {
    case none
    case auth, hello, config, acl, migrate, sentinel
    case client
    case subscribe, unsubscribe
    case monitor, sync, psync, replicationConfig
    case reset
  }

  var key: Key
  var effect: Effect = .none

  /// Nil for commands that are not listed.
  static func named(_ name: RawSpan) -> RedisVerb? { table.verb(name) }

  /// Words that other line protocols use too: they tell nothing.
  static func isShared(_ name: RawSpan) -> Bool {
    let shared: [StaticString] = [
      "auth", "quit", "help", "info", "type", "time", "sort", "copy", "move",
    ]
    return shared.contains { name.equalsIgnoringCase($0) }
  }

  /// Longest name of a command in the list.
  static let maxName = 32

  private static let table: RedisVerbTable = {
    var table = RedisVerbTable()
    func add(_ names: String, _ key: Key, _ effect: Effect = .none) {
      table.add(names, RedisVerb(key: key, effect: effect))
    }
    add(
      """
      GET SET SETNX SETEX PSETEX GETSET GETDEL GETEX GETRANGE SETRANGE SUBSTR STRLEN APPEND INCR \
      INCRBY INCRBYFLOAT DECR DECRBY MGET MSET MSETNX DEL UNLINK EXISTS EXPIRE PEXPIRE EXPIREAT \
      PEXPIREAT EXPIRETIME PEXPIRETIME TTL PTTL PERSIST TYPE RENAME RENAMENX COPY MOVE DUMP \
      RESTORE TOUCH SORT SORT_RO WATCH LCS HGET HSET HSETNX HMGET HMSET HGETALL HDEL HEXISTS \
      HINCRBY HINCRBYFLOAT HKEYS HVALS HLEN HSTRLEN HSCAN HRANDFIELD HEXPIRE HPEXPIRE HTTL HPTTL \
      HPERSIST HGETEX HSETEX HGETDEL HEXPIREAT HPEXPIREAT HEXPIRETIME HPEXPIRETIME LPUSH RPUSH \
      LPUSHX RPUSHX LPOP RPOP LLEN LINDEX LRANGE LREM LSET LTRIM LINSERT LPOS LMOVE RPOPLPUSH \
      BLPOP BRPOP BLMOVE BRPOPLPUSH SADD SREM SISMEMBER SMISMEMBER SMEMBERS SCARD SPOP \
      SRANDMEMBER SMOVE SINTER SINTERSTORE SUNION SUNIONSTORE SDIFF SDIFFSTORE SSCAN ZADD ZREM \
      ZSCORE ZMSCORE ZRANK ZREVRANK ZCARD ZCOUNT ZLEXCOUNT ZINCRBY ZRANGE ZRANGESTORE ZREVRANGE \
      ZRANGEBYSCORE ZREVRANGEBYSCORE ZRANGEBYLEX ZREVRANGEBYLEX ZREMRANGEBYRANK \
      ZREMRANGEBYSCORE ZREMRANGEBYLEX ZPOPMIN ZPOPMAX BZPOPMIN BZPOPMAX ZSCAN ZRANDMEMBER \
      ZUNIONSTORE ZINTERSTORE ZDIFFSTORE SETBIT GETBIT BITCOUNT BITPOS BITFIELD BITFIELD_RO PFADD \
      PFCOUNT PFMERGE GEOADD GEODIST GEOHASH GEOPOS GEORADIUS GEORADIUS_RO GEORADIUSBYMEMBER \
      GEORADIUSBYMEMBER_RO GEOSEARCH GEOSEARCHSTORE XADD XLEN XRANGE XREVRANGE XDEL XTRIM XACK \
      XACKDEL XDELEX XPENDING XCLAIM XAUTOCLAIM XSETID
      """, .at(1))
    add("OBJECT XINFO XGROUP BITOP MEMORY", .at(2))
    add("EVAL EVALSHA EVAL_RO EVALSHA_RO FCALL FCALL_RO BLMPOP BZMPOP", .counted(2))
    add("ZUNION ZINTER ZDIFF SINTERCARD ZINTERCARD LMPOP ZMPOP", .counted(1))
    add("XREAD XREADGROUP", .behindStreams)
    add(
      """
      PING ECHO QUIT SELECT MULTI EXEC DISCARD UNWATCH INFO COMMAND DBSIZE FLUSHALL FLUSHDB KEYS \
      SCAN RANDOMKEY WAIT WAITAOF TIME SAVE BGSAVE BGREWRITEAOF LASTSAVE SHUTDOWN SLOWLOG LATENCY \
      MODULE CLUSTER READONLY READWRITE ASKING ROLE REPLICAOF SLAVEOF FAILOVER SWAPDB PUBSUB \
      PUBLISH SPUBLISH SCRIPT FUNCTION DEBUG LOLWUT HELP
      """, .none)
    add("AUTH", .none, .auth)
    add("HELLO", .none, .hello)
    add("CONFIG", .none, .config)
    add("ACL", .none, .acl)
    add("MIGRATE", .migrate, .migrate)
    add("SENTINEL", .none, .sentinel)
    add("CLIENT", .none, .client)
    add("SUBSCRIBE PSUBSCRIBE SSUBSCRIBE", .none, .subscribe)
    add("UNSUBSCRIBE PUNSUBSCRIBE SUNSUBSCRIBE", .none, .unsubscribe)
    add("MONITOR", .none, .monitor)
    add("SYNC", .none, .sync)
    add("PSYNC", .none, .psync)
    add("REPLCONF", .none, .replicationConfig)
    add("RESET", .none, .reset)
    return table
  }()
}
