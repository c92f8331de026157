/// Bodies of the requests and responses that are read, by the number of their API.
///
/// After the message definitions of Apache Kafka 4; tagged fields (KIP-482) are passed over.
enum KafkaSchemaTable {
  struct Body: Sendable {
    var request: [KafkaField]
    var response: [KafkaField]
  }

  static func body(_ key: Int16) -> Body? { bodies[key] }

  private static let bodies: [Int16: Body] = rows.mapValues { request, response in
    Body(request: KafkaField.fields(request), response: KafkaField.fields(response))
  }

  private static let rows: [Int16: (request: String, response: String)] = [
    0: (
      """
      transactionalID:string@3+ requiredAcks:int16 timeout:int32 topicData:[topic:topic@0-12 \
      topicID:id@13+ partitions:[partition:int32 records:records]]
      """,
      """
      responses:[topic:topic@0-12 topicID:id@13+ partitionResponses:[index:int32 \
      errorCode:error baseOffset:int64 logAppendTimeMs:int64@2+ logStartOffset:int64@5+ \
      recordErrors:[batchIndex:int32 batchIndexErrorMessage:string]@8+ errorMessage:string@8+]] \
      throttleTimeMs:int32@1+
      """
    ),
    1: (
      """
      replicaId:int32@0-14 maxWaitMs:int32 minBytes:int32 maxBytes:int32@3+ \
      isolationLevel:int8@4+ sessionId:int32@7+ sessionEpoch:int32@7+ topics:[topic:topic@0-12 \
      topicID:id@13+ partitions:[partition:int32 currentLeaderEpoch:int32@9+ fetchOffset:int64 \
      lastFetchedEpoch:int32@12+ logStartOffset:int64@5+ partitionMaxBytes:int32]] \
      forgottenTopicsData:[topic:string@0-12 topicID:uuid@13+ partitions:[:int32]]@7+ \
      rackId:string@11+
      """,
      """
      throttleTimeMs:int32@1+ errorCode:error@7+ sessionId:int32@7+ responses:[topic:topic@0-12 \
      topicID:id@13+ partitionResponses:[index:int32 errorCode:error highWatermark:int64 \
      lastStableOffset:int64@4+ logStartOffset:int64@5+ abortedTransactions:[producerId:int64 \
      firstOffset:int64]@4+ preferredReadReplica:int32@11+ records:records]]
      """
    ),
    2: (
      """
      replicaId:int32 isolationLevel:int8@2+ topics:[topic:topic partitions:[partition:int32 \
      currentLeaderEpoch:int32@4+ timestamp:int64 maxNumOffsets:int32@0]] timeoutMs:int32@10+
      """,
      """
      throttleTimeMs:int32@2+ topics:[topic:topic partitions:[partition:int32 errorCode:error \
      oldStyleOffsets:[:int64]@0 timestamp:int64@1+ offset:int64@1+ leaderEpoch:int32@4+]]
      """
    ),
    3: (
      """
      topics:[topicID:id@10+ topic:topic] allowAutoTopicCreation:bool@4+ \
      includeClusterAuthorizedOperations:bool@8-10 includeTopicAuthorizedOperations:bool@8+
      """,
      """
      throttleTimeMs:int32@3+ brokers:[nodeId:int32 host:string port:int32 rack:string@1+] \
      clusterID:string@2+ controllerID:int32@1+ topics:[errorCode:error topic:topic \
      topicID:id@10+ isInternal:bool@1+ partitions:[errorCode:error partition:int32 \
      leaderId:int32 leaderEpoch:int32@7+ replicaNodes:[:int32] isrNodes:[:int32] \
      offlineReplicas:[:int32]@5+] topicAuthorizedOperations:int32@8+] \
      clusterAuthorizedOperations:int32@8-10 errorCode:error@13+
      """
    ),
    8: (
      """
      groupId:group generationId:int32@1+ memberId:string@1+ groupInstanceId:string@7+ \
      retentionTimeMs:int64@2-4 topics:[topic:topic@0-9 topicID:id@10+ \
      partitions:[partition:int32 committedOffset:int64 committedLeaderEpoch:int32@6+ \
      commitTimestamp:int64@1 committedMetadata:string]]
      """,
      """
      throttleTimeMs:int32@3+ topics:[topic:topic@0-9 topicID:id@10+ \
      partitions:[partition:int32 errorCode:error]]
      """
    ),
    9: (
      """
      groupId:group@0-7 topics:[topic:topic partitions:[:int32]]@0-7 groups:[groupId:group \
      memberId:string@9+ memberEpoch:int32@9+ topics:[topic:topic@0-9 topicID:id@10+ \
      partitions:[:int32]]]@8+ requireStable:bool@7+
      """,
      """
      throttleTimeMs:int32@3+ topics:[topic:topic partitions:[partition:int32 \
      committedOffset:int64 committedLeaderEpoch:int32@5+ metadata:string errorCode:error]]@0-7 \
      errorCode:error@2-7 groups:[groupId:string topics:[topic:topic@0-9 topicID:id@10+ \
      partitions:[partition:int32 committedOffset:int64 committedLeaderEpoch:int32 \
      metadata:string errorCode:error]] errorCode:error]@8+
      """
    ),
    10: (
      "key:group@0-3 keyType:keyType@1+ coordinatorKeys:[:group]@4+",
      """
      throttleTimeMs:int32@1+ errorCode:error@0-3 errorMessage:string@1-3 nodeId:int32@0-3 \
      host:string@0-3 port:int32@0-3 coordinators:[key:string nodeId:int32 host:string port:int32 \
      errorCode:error errorMessage:string]@4+
      """
    ),
    11: (
      """
      groupId:group sessionTimeoutMs:int32 rebalanceTimeoutMs:int32@1+ memberId:string \
      groupInstanceId:string@5+ protocolType:string protocols:[name:string metadata:bytes] \
      reason:string@8+
      """,
      """
      throttleTimeMs:int32@2+ errorCode:error generationId:int32 protocolType:string@7+ \
      protocolName:string leader:string skipAssignment:bool@9+ memberId:string \
      members:[memberId:string groupInstanceId:string@5+ metadata:bytes]
      """
    ),
    12: (
      "groupId:group generationId:int32 memberId:string groupInstanceId:string@3+",
      "throttleTimeMs:int32@1+ errorCode:error"
    ),
    13: (
      """
      groupId:group memberId:string@0-2 members:[memberId:string groupInstanceId:string \
      reason:string@5+]@3+
      """,
      """
      throttleTimeMs:int32@1+ errorCode:error members:[memberId:string groupInstanceId:string \
      errorCode:error]@3+
      """
    ),
    14: (
      """
      groupId:group generationId:int32 memberId:string groupInstanceId:string@3+ \
      protocolType:string@5+ protocolName:string@5+ assignments:[memberId:string assignment:bytes]
      """,
      """
      throttleTimeMs:int32@1+ errorCode:error protocolType:string@5+ protocolName:string@5+ \
      assignment:bytes
      """
    ),
    15: (
      "groups:[:group] includeAuthorizedOperations:bool@3+",
      """
      throttleTimeMs:int32@1+ groups:[errorCode:error errorMessage:string@6+ groupId:string \
      groupState:string protocolType:string protocolData:string members:[memberId:string \
      groupInstanceId:string@4+ clientId:string clientHost:string memberMetadata:bytes \
      memberAssignment:bytes] authorizedOperations:int32@3+]
      """
    ),
    16: (
      "statesFilter:[:string]@4+ typesFilter:[:string]@5+",
      """
      throttleTimeMs:int32@1+ errorCode:error groups:[groupId:string protocolType:string \
      groupState:string@4+ groupType:string@5+]
      """
    ),
    17: ("mechanism:string", "errorCode:error mechanisms:[:string]"),
    18: (
      "clientSoftwareName:string@3+ clientSoftwareVersion:string@3+",
      """
      errorCode:error apiKeys:[apiKey:int16 minVersion:int16 maxVersion:int16] \
      throttleTimeMs:int32@1+
      """
    ),
    19: (
      """
      topics:[topic:topic numPartitions:int32 replicationFactor:int16 \
      assignments:[partition:int32 brokerIds:[:int32]] configs:[name:string value:string]] \
      timeout:int32 validateOnly:bool@1+
      """,
      """
      throttleTimeMs:int32@2+ topics:[topic:topic topicID:id@7+ errorCode:error \
      errorMessage:string@1+ numPartitions:int32@5+ replicationFactor:int16@5+ \
      configs:[name:string value:string readOnly:bool configSource:int8 isSensitive:bool]@5+]
      """
    ),
    20: (
      "topics:[topic:topic topicID:id]@6+ topicNames:[:topic]@0-5 timeout:int32",
      """
      throttleTimeMs:int32@1+ responses:[topic:topic topicID:id@6+ errorCode:error \
      errorMessage:string@5+]
      """
    ),
    21: (
      "topics:[topic:topic partitions:[partition:int32 offset:int64]] timeout:int32",
      """
      throttleTimeMs:int32 topics:[topic:topic partitions:[partition:int32 lowWatermark:int64 \
      errorCode:error]]
      """
    ),
    22: (
      """
      transactionalID:string transactionTimeoutMs:int32 producerId:int64@3+ \
      producerEpoch:int16@3+ enable2Pc:bool@6+ keepPreparedTxn:bool@6+
      """,
      """
      throttleTimeMs:int32 errorCode:error producerId:int64 producerEpoch:int16 \
      ongoingTxnProducerId:int64@6+ ongoingTxnProducerEpoch:int16@6+
      """
    ),
    23: (
      """
      replicaId:int32@3+ topics:[topic:topic partitions:[partition:int32 \
      currentLeaderEpoch:int32@2+ leaderEpoch:int32]]
      """,
      """
      throttleTimeMs:int32@2+ topics:[topic:topic partitions:[errorCode:error partition:int32 \
      leaderEpoch:int32@1+ endOffset:int64]]
      """
    ),
    24: (
      """
      transactions:[transactionalID:string producerId:int64 producerEpoch:int16 verifyOnly:bool \
      topics:[topic:topic partitions:[:int32]]]@4+ transactionalID:string@0-3 \
      producerId:int64@0-3 producerEpoch:int16@0-3 topics:[topic:topic partitions:[:int32]]@0-3
      """,
      """
      throttleTimeMs:int32 errorCode:error@4+ transactions:[transactionalID:string \
      topics:[topic:topic partitions:[partition:int32 errorCode:error]]]@4+ \
      topics:[topic:topic partitions:[partition:int32 errorCode:error]]@0-3
      """
    ),
    25: (
      "transactionalID:string producerId:int64 producerEpoch:int16 groupId:group",
      "throttleTimeMs:int32 errorCode:error"
    ),
    26: (
      "transactionalID:string producerId:int64 producerEpoch:int16 committed:bool",
      "throttleTimeMs:int32 errorCode:error producerId:int64@5+ producerEpoch:int16@5+"
    ),
    27: (
      """
      markers:[producerId:int64 producerEpoch:int16 committed:bool topics:[topic:topic \
      partitions:[:int32]] coordinatorEpoch:int32 transactionVersion:int8@2+]
      """,
      """
      markers:[producerId:int64 topics:[topic:topic partitions:[partition:int32 errorCode:error]]]
      """
    ),
    28: (
      """
      transactionalID:string groupId:group producerId:int64 producerEpoch:int16 \
      generationId:int32@3+ memberId:string@3+ groupInstanceId:string@3+ topics:[topic:topic \
      partitions:[partition:int32 committedOffset:int64 committedLeaderEpoch:int32@2+ \
      committedMetadata:string]]
      """,
      "throttleTimeMs:int32 topics:[topic:topic partitions:[partition:int32 errorCode:error]]"
    ),
    29: (
      """
      resourceType:int8 resourceName:string patternType:int8@1+ principal:string host:string \
      operation:int8 permissionType:int8
      """,
      """
      throttleTimeMs:int32 errorCode:error errorMessage:string resources:[resourceType:int8 \
      resourceName:string patternType:int8@1+ acls:[principal:string host:string operation:int8 \
      permissionType:int8]]
      """
    ),
    30: (
      """
      creations:[resourceType:int8 resourceName:string patternType:int8@1+ principal:string \
      host:string operation:int8 permissionType:int8]
      """,
      "throttleTimeMs:int32 results:[errorCode:error errorMessage:string]"
    ),
    31: (
      """
      filters:[resourceType:int8 resourceName:string patternType:int8@1+ principal:string \
      host:string operation:int8 permissionType:int8]
      """,
      """
      throttleTimeMs:int32 results:[errorCode:error errorMessage:string \
      acls:[errorCode:error errorMessage:string resourceType:int8 resourceName:string \
      patternType:int8@1+ principal:string host:string operation:int8 permissionType:int8]]
      """
    ),
    32: (
      """
      resources:[resourceType:int8 resourceName:string configurationKeys:[:string]] \
      includeSynonyms:bool@1+ includeDocumentation:bool@3+
      """,
      """
      throttleTimeMs:int32 results:[errorCode:error errorMessage:string resourceType:int8 \
      resourceName:string configs:[name:string value:string readOnly:bool isDefault:bool@0 \
      configSource:int8@1+ isSensitive:bool synonyms:[name:string value:string source:int8]@1+ \
      configType:int8@3+ documentation:string@3+]]
      """
    ),
    33: (
      """
      resources:[resourceType:int8 resourceName:string configs:[name:string \
      value:secretText]] validateOnly:bool
      """,
      """
      throttleTimeMs:int32 results:[errorCode:error errorMessage:string resourceType:int8 \
      resourceName:string]
      """
    ),
    34: (
      "dirs:[path:string topics:[topic:topic partitions:[:int32]]]",
      "throttleTimeMs:int32 topics:[topic:topic partitions:[partition:int32 errorCode:error]]"
    ),
    35: (
      "topics:[topic:topic partitions:[:int32]]",
      """
      throttleTimeMs:int32 errorCode:error@3+ results:[errorCode:error path:string \
      topics:[topic:topic partitions:[partition:int32 size:int64 offsetLag:int64 \
      isFutureKey:bool]] totalBytes:int64@4+ usableBytes:int64@4+ isCordoned:bool@5+]
      """
    ),
    36: (
      "authBytes:secret",
      """
      errorCode:error errorMessage:string authBytes:secret sessionLifetimeMs:int64@1+
      """
    ),
    37: (
      """
      topics:[topic:topic count:int32 assignments:[brokerIds:[:int32]]] timeout:int32 \
      validateOnly:bool
      """,
      "throttleTimeMs:int32 topics:[topic:topic errorCode:error errorMessage:string]"
    ),
    38: (
      """
      ownerType:string@3+ ownerName:string@3+ renewers:[principalType:string \
      principalName:string] maxLifetimeMs:int64
      """,
      """
      errorCode:error principalType:string principalName:string requesterType:string@3+ \
      requesterName:string@3+ issueTimestamp:int64 expiryTimestamp:int64 maxTimestamp:int64 \
      tokenId:string hmac:secret throttleTimeMs:int32
      """
    ),
    39: (
      "hmac:secret renewPeriodMs:int64",
      "errorCode:error expiryTimestamp:int64 throttleTimeMs:int32"
    ),
    40: (
      "hmac:secret expiryPeriodMs:int64",
      "errorCode:error expiryTimestamp:int64 throttleTimeMs:int32"
    ),
    41: (
      "owners:[principalType:string principalName:string]",
      """
      errorCode:error tokens:[principalType:string principalName:string requesterType:string@3+ \
      requesterName:string@3+ issueTimestamp:int64 expiryTimestamp:int64 maxTimestamp:int64 \
      tokenId:string hmac:secret renewers:[principalType:string principalName:string]] \
      throttleTimeMs:int32
      """
    ),
    42: (
      "groupsNames:[:group]",
      "throttleTimeMs:int32 results:[groupId:string errorCode:error]"
    ),
    43: (
      "electionType:int8@1+ topics:[topic:topic partitions:[:int32]] timeout:int32",
      """
      throttleTimeMs:int32 errorCode:error@1+ topics:[topic:topic partitions:[partition:int32 \
      errorCode:error errorMessage:string]]
      """
    ),
    44: (
      """
      resources:[resourceType:int8 resourceName:string configs:[name:string \
      configOperation:int8 value:secretText]] validateOnly:bool
      """,
      """
      throttleTimeMs:int32 results:[errorCode:error errorMessage:string resourceType:int8 \
      resourceName:string]
      """
    ),
    45: (
      """
      timeout:int32 allowReplicationFactorChange:bool@1+ topics:[topic:topic \
      partitions:[partition:int32 replicaNodes:[:int32]]]
      """,
      """
      throttleTimeMs:int32 allowReplicationFactorChange:bool@1+ errorCode:error \
      errorMessage:string topics:[topic:topic partitions:[partition:int32 errorCode:error \
      errorMessage:string]]
      """
    ),
    46: (
      "timeout:int32 topics:[topic:topic partitions:[:int32]]",
      """
      throttleTimeMs:int32 errorCode:error errorMessage:string topics:[topic:topic \
      partitions:[partition:int32 replicaNodes:[:int32] addingNodes:[:int32] \
      removingNodes:[:int32]]]
      """
    ),
    47: (
      "groupId:group topics:[topic:topic partitions:[partition:int32]]",
      """
      errorCode:error throttleTimeMs:int32 topics:[topic:topic partitions:[partition:int32 \
      errorCode:error]]
      """
    ),
    50: (
      "users:[name:string]",
      """
      throttleTimeMs:int32 errorCode:error errorMessage:string results:[user:string \
      errorCode:error errorMessage:string credentials:[mechanism:int8 iterations:int32]]
      """
    ),
    51: (
      """
      deletions:[name:string mechanism:int8] upsertions:[name:string mechanism:int8 \
      iterations:int32 salt:secret saltedPassword:secret]
      """,
      "throttleTimeMs:int32 results:[user:string errorCode:error errorMessage:string]"
    ),
    60: (
      """
      includeClusterAuthorizedOperations:bool endpointType:int8@1+ includeFencedBrokers:bool@2+
      """,
      """
      throttleTimeMs:int32 errorCode:error errorMessage:string endpointType:int8@1+ \
      clusterID:string controllerID:int32 brokers:[nodeId:int32 host:string port:int32 \
      rack:string isFenced:bool@2+] clusterAuthorizedOperations:int32
      """
    ),
    61: (
      "topics:[topic:topic partitions:[:int32]]",
      """
      throttleTimeMs:int32 topics:[topic:topic partitions:[partition:int32 errorCode:error \
      errorMessage:string producers:[producerId:int64 producerEpoch:int32 lastSequence:int32 \
      lastTimestamp:int64 coordinatorEpoch:int32 currentTxnStartOffset:int64]]]
      """
    ),
    66: (
      """
      statesFilter:[:string] producersFilter:[:int64] durationFilter:int64@1+ \
      transactionalIDPattern:string@2+
      """,
      """
      throttleTimeMs:int32 errorCode:error unknownStates:[:string] \
      transactions:[transactionalID:string producerId:int64 state:string]
      """
    ),
    68: (
      """
      groupId:group memberId:string memberEpoch:int32 groupInstanceId:string rackId:string \
      rebalanceTimeoutMs:int32 topicNames:[:topic] topicRegex:string@1+ serverAssignor:string \
      topics:[topicID:id partitions:[:int32]]
      """,
      """
      throttleTimeMs:int32 errorCode:error errorMessage:string memberId:string memberEpoch:int32 \
      heartbeatIntervalMs:int32 assignment:?[topics:[topicID:id partitions:[:int32]]]
      """
    ),
    71: (
      "clientInstanceId:uuid",
      """
      throttleTimeMs:int32 errorCode:error clientInstanceId:uuid subscriptionId:int32 \
      compressionTypes:[:int8] pushIntervalMs:int32 telemetryMaxBytes:int32 \
      deltaTemporality:bool requestedMetrics:[:string]
      """
    ),
    72: (
      """
      clientInstanceId:uuid subscriptionId:int32 terminating:bool compressionType:int8 \
      metrics:bytes
      """,
      "throttleTimeMs:int32 errorCode:error"
    ),
    75: (
      """
      topics:[topic:topic] responsePartitionLimit:int32 cursor:?[topicName:string \
      partition:int32]
      """,
      """
      throttleTimeMs:int32 topics:[errorCode:error topic:topic topicID:id isInternal:bool \
      partitions:[errorCode:error partition:int32 leaderId:int32 leaderEpoch:int32 \
      replicaNodes:[:int32] isrNodes:[:int32] eligibleLeaderReplicas:[:int32] \
      lastKnownEligible:[:int32] offlineReplicas:[:int32]] topicAuthorizedOperations:int32] \
      nextCursor:?[topicName:string partition:int32]
      """
    ),
  ]
}
