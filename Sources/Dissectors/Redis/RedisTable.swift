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
    case multi, exec, discard
  }

  /// Where a command carries values, which are secrets when their key or field is called like one.
  enum Cargo: UInt8, Sendable {
    case none
    /// In the reply alone; there also that of keys and fields which patterns name.
    case reply, sorted
    /// In the argument behind the key, in the one behind that, in all behind the key.
    case second, third, rest
    /// Behind each of several keys, or in the reply at the place of each.
    case keys, keyReplies
    /// Behind each field of a hash, in the reply to one field, or there at the place of each.
    case fields, fieldReply, fieldReplies
    /// In the reply, behind their names.
    case named
    /// In the reply, without their names.
    case unnamed
    /// Behind any argument that may be a name.
    case words
    /// In commands that the reply repeats.
    case log
    /// Arguments of a script, with its text or without, and the text alone.
    case script, function, load
  }

  var key: Key
  var effect: Effect = .none
  var cargo: Cargo = .none

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
    func add(
      _ names: String, _ key: Key, _ effect: Effect = .none, carries cargo: Cargo = .none
    ) {
      table.add(names, RedisVerb(key: key, effect: effect, cargo: cargo))
    }
    add(
      """
      STRLEN INCR INCRBY INCRBYFLOAT DECR DECRBY DEL UNLINK EXISTS EXPIRE PEXPIRE EXPIREAT \
      PEXPIREAT EXPIRETIME PEXPIRETIME TTL PTTL PERSIST TYPE RENAME RENAMENX COPY MOVE TOUCH WATCH \
      HDEL HEXISTS HINCRBY HINCRBYFLOAT HKEYS HLEN HSTRLEN HEXPIRE HPEXPIRE HTTL HPTTL HPERSIST \
      HEXPIREAT HPEXPIREAT HEXPIRETIME HPEXPIRETIME LLEN LTRIM SCARD SMOVE SINTERSTORE SUNIONSTORE \
      SDIFFSTORE ZCARD ZCOUNT ZLEXCOUNT ZRANGESTORE ZREMRANGEBYRANK ZREMRANGEBYSCORE \
      ZREMRANGEBYLEX ZUNIONSTORE ZINTERSTORE ZDIFFSTORE SETBIT GETBIT BITCOUNT BITPOS BITFIELD \
      BITFIELD_RO PFCOUNT PFMERGE GEOADD GEODIST GEOHASH GEOPOS GEORADIUS GEORADIUS_RO \
      GEORADIUSBYMEMBER GEORADIUSBYMEMBER_RO GEOSEARCH GEOSEARCHSTORE XLEN XDEL XTRIM XACK XACKDEL \
      XDELEX XPENDING XSETID
      """, .at(1))
    add(
      """
      GET GETDEL GETEX GETRANGE SUBSTR DUMP LCS LPOP RPOP LINDEX LRANGE LMOVE \
      RPOPLPUSH BLMOVE BRPOPLPUSH SMEMBERS SPOP SRANDMEMBER SINTER SUNION SDIFF SSCAN ZRANGE \
      ZREVRANGE ZRANGEBYSCORE ZREVRANGEBYSCORE ZRANGEBYLEX ZREVRANGEBYLEX ZPOPMIN ZPOPMAX ZSCAN \
      ZRANDMEMBER
      """, .at(1), carries: .reply)
    add("SORT SORT_RO", .at(1), carries: .sorted)
    add("SET SETNX GETSET APPEND", .at(1), carries: .second)
    add("SETEX PSETEX SETRANGE RESTORE LSET LREM", .at(1), carries: .third)
    add(
      """
      LPUSH RPUSH LPUSHX RPUSHX LINSERT LPOS SADD SREM SISMEMBER SMISMEMBER ZADD ZREM ZSCORE \
      ZMSCORE ZRANK ZREVRANK ZINCRBY PFADD
      """, .at(1), carries: .rest)
    add("MSET MSETNX", .at(1), carries: .keys)
    add("MGET", .at(1), carries: .keyReplies)
    add("HSET HMSET HSETNX HSETEX", .at(1), carries: .fields)
    add("HGET", .at(1), carries: .fieldReply)
    add("HMGET HGETDEL HGETEX", .at(1), carries: .fieldReplies)
    add(
      """
      HGETALL HSCAN HRANDFIELD BLPOP BRPOP BZPOPMIN BZPOPMAX XRANGE XREVRANGE XCLAIM XAUTOCLAIM
      """, .at(1), carries: .named)
    add("HVALS", .at(1), carries: .unnamed)
    add("XADD", .at(1), carries: .words)
    add("OBJECT XINFO XGROUP BITOP MEMORY", .at(2))
    add("EVAL EVAL_RO", .counted(2), carries: .script)
    add("EVALSHA EVALSHA_RO FCALL FCALL_RO", .counted(2), carries: .function)
    add("BLMPOP BZMPOP", .counted(2), carries: .named)
    add("ZUNION ZINTER ZDIFF SINTERCARD ZINTERCARD", .counted(1))
    add("LMPOP ZMPOP", .counted(1), carries: .named)
    add("MSETEX", .counted(1), carries: .words)
    add("XREAD XREADGROUP", .behindStreams, carries: .named)
    add(
      """
      PING ECHO QUIT SELECT UNWATCH INFO COMMAND DBSIZE FLUSHALL FLUSHDB KEYS SCAN RANDOMKEY WAIT \
      WAITAOF TIME SAVE BGSAVE BGREWRITEAOF LASTSAVE SHUTDOWN LATENCY CLUSTER READONLY \
      READWRITE ASKING ROLE REPLICAOF SLAVEOF FAILOVER SWAPDB PUBSUB DEBUG LOLWUT HELP
      """, .none)
    add("PUBLISH SPUBLISH", .none, carries: .second)
    add("SCRIPT FUNCTION", .none, carries: .load)
    // Settings of the module stand behind CONFIG.
    add("MODULE", .none, carries: .words)
    add("SLOWLOG", .none, carries: .log)
    add("MULTI", .none, .multi)
    add("EXEC", .none, .exec)
    add("DISCARD", .none, .discard)
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
