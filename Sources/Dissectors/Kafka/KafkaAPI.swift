/// One request type of the Kafka protocol: its number, name and versions.
///
/// The numbers and first flexible versions are those of the message definitions in Apache Kafka 4.
struct KafkaAPI: Sendable {
  let key: Int16
  /// In capitals.
  let name: [UInt8]
  /// Newest version this table knows.
  let newest: Int16
  /// First version with compact lengths and tagged fields (KIP-482); nil when there is none.
  let flexible: Int16?

  static let fetch: Int16 = 1
  static let metadata: Int16 = 3
  static let apiVersions: Int16 = 18
  static let controlledShutdown: Int16 = 7
  static let saslHandshake: Int16 = 17

  /// Nil for numbers nobody uses.
  static func numbered(_ key: Int16) -> KafkaAPI? {
    key >= 0 && Int(key) < all.count ? all[Int(key)] : nil
  }

  func isFlexible(_ version: Int16) -> Bool { flexible.map { version >= $0 } ?? false }

  /// In order of their numbers.
  static let all: [KafkaAPI] = {
    var all: [KafkaAPI] = []
    for row in rows.split(separator: "\n") {
      let parts = row.split(separator: " ")
      guard parts.count == 3, let newest = Int16(parts[1]) else { continue }
      all.append(
        KafkaAPI(
          key: Int16(all.count), name: Array(parts[0].utf8), newest: newest,
          flexible: Int16(parts[2])))
    }
    return all
  }()

  /// Name, newest version, first flexible version.
  private static let rows = """
    PRODUCE 13 9
    FETCH 18 12
    LIST_OFFSETS 11 6
    METADATA 13 9
    LEADER_AND_ISR 7 4
    STOP_REPLICA 4 2
    UPDATE_METADATA 8 6
    CONTROLLED_SHUTDOWN 3 3
    OFFSET_COMMIT 10 8
    OFFSET_FETCH 10 6
    FIND_COORDINATOR 6 3
    JOIN_GROUP 9 6
    HEARTBEAT 4 4
    LEAVE_GROUP 5 4
    SYNC_GROUP 5 4
    DESCRIBE_GROUPS 6 5
    LIST_GROUPS 5 3
    SASL_HANDSHAKE 1 -
    API_VERSIONS 4 3
    CREATE_TOPICS 7 5
    DELETE_TOPICS 6 4
    DELETE_RECORDS 2 2
    INIT_PRODUCER_ID 6 2
    OFFSET_FOR_LEADER_EPOCH 4 4
    ADD_PARTITIONS_TO_TXN 5 3
    ADD_OFFSETS_TO_TXN 4 3
    END_TXN 5 3
    WRITE_TXN_MARKERS 2 1
    TXN_OFFSET_COMMIT 5 3
    DESCRIBE_ACLS 3 2
    CREATE_ACLS 3 2
    DELETE_ACLS 3 2
    DESCRIBE_CONFIGS 4 4
    ALTER_CONFIGS 2 2
    ALTER_REPLICA_LOG_DIRS 2 2
    DESCRIBE_LOG_DIRS 5 2
    SASL_AUTHENTICATE 2 2
    CREATE_PARTITIONS 3 2
    CREATE_DELEGATION_TOKEN 3 2
    RENEW_DELEGATION_TOKEN 2 2
    EXPIRE_DELEGATION_TOKEN 2 2
    DESCRIBE_DELEGATION_TOKEN 3 2
    DELETE_GROUPS 2 2
    ELECT_LEADERS 2 2
    INCREMENTAL_ALTER_CONFIGS 1 1
    ALTER_PARTITION_REASSIGNMENTS 1 0
    LIST_PARTITION_REASSIGNMENTS 0 0
    OFFSET_DELETE 0 -
    DESCRIBE_CLIENT_QUOTAS 1 1
    ALTER_CLIENT_QUOTAS 1 1
    DESCRIBE_USER_SCRAM_CREDENTIALS 0 0
    ALTER_USER_SCRAM_CREDENTIALS 0 0
    VOTE 2 0
    BEGIN_QUORUM_EPOCH 1 1
    END_QUORUM_EPOCH 1 1
    DESCRIBE_QUORUM 2 0
    ALTER_PARTITION 3 0
    UPDATE_FEATURES 2 0
    ENVELOPE 0 0
    FETCH_SNAPSHOT 1 0
    DESCRIBE_CLUSTER 2 0
    DESCRIBE_PRODUCERS 0 0
    BROKER_REGISTRATION 4 0
    BROKER_HEARTBEAT 2 0
    UNREGISTER_BROKER 0 0
    DESCRIBE_TRANSACTIONS 0 0
    LIST_TRANSACTIONS 2 0
    ALLOCATE_PRODUCER_IDS 0 0
    CONSUMER_GROUP_HEARTBEAT 1 0
    CONSUMER_GROUP_DESCRIBE 1 0
    CONTROLLER_REGISTRATION 0 0
    GET_TELEMETRY_SUBSCRIPTIONS 0 0
    PUSH_TELEMETRY 0 0
    ASSIGN_REPLICAS_TO_DIRS 0 0
    LIST_CONFIG_RESOURCES 1 0
    DESCRIBE_TOPIC_PARTITIONS 0 0
    SHARE_GROUP_HEARTBEAT 1 0
    SHARE_GROUP_DESCRIBE 1 0
    SHARE_FETCH 2 0
    SHARE_ACKNOWLEDGE 2 0
    ADD_RAFT_VOTER 1 0
    REMOVE_RAFT_VOTER 0 0
    UPDATE_RAFT_VOTER 0 0
    INITIALIZE_SHARE_GROUP_STATE 0 0
    READ_SHARE_GROUP_STATE 0 0
    WRITE_SHARE_GROUP_STATE 1 0
    DELETE_SHARE_GROUP_STATE 0 0
    READ_SHARE_GROUP_STATE_SUMMARY 1 0
    STREAMS_GROUP_HEARTBEAT 0 0
    STREAMS_GROUP_DESCRIBE 0 0
    DESCRIBE_SHARE_GROUP_OFFSETS 1 0
    ALTER_SHARE_GROUP_OFFSETS 0 0
    DELETE_SHARE_GROUP_OFFSETS 0 0
    """
}
