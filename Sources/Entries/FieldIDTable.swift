/// Names a field of the catalogue. Raw values are stored in blocks: never reuse or change one.
///
/// Each protocol has a range of its own, so that a new field does not move another.
@usableFromInline package enum FieldID: UInt16, Hashable, Sendable, CaseIterable {
  // Network
  case sourceIP = 1
  case destinationIP = 2
  case sourcePort = 3
  case destinationPort = 4
  case family = 5
  case l4proto = 6

  // Identity, time, origin
  case id = 41
  case nodeID = 42
  case index = 43
  case stream = 44
  case worker = 45
  case timestamp = 46
  case elapsedTime = 47
  case connID = 48
  case flowID = 49
  case hasPCAP = 50
  case captureSource = 51
  case captureBackend = 52
  case captureSourceCode = 53
  case capture = 54
  case error = 55
  case errorType = 56
  case callFailed = 57
  case captureVLAN = 58
  case captureInnerVLAN = 59

  // Kubernetes and naming
  case sourcePodName = 81
  case destinationPodName = 82
  case sourcePodNamespace = 83
  case destinationPodNamespace = 84
  case sourceServiceName = 85
  case destinationServiceName = 86
  case sourceServiceNamespace = 87
  case destinationServiceNamespace = 88
  case sourceName = 89
  case destinationName = 90
  case sourceNamespace = 91
  case destinationNamespace = 92
  case namespaces = 93
  case pods = 94
  case services = 95
  case node = 96
  case nodeName = 97
  case nodeIP = 98
  case localNodeName = 99
  case remoteNodeName = 100
  case localLabels = 101
  case remoteLabels = 102
  case localAnnotations = 103
  case remoteAnnotations = 104
  case localProcessName = 105
  case remoteProcessName = 106
  case sourceDNS = 107
  case destinationDNS = 108
  case dnsResolutions = 109
  case localResolutionStatus = 110
  case remoteResolutionStatus = 111

  // Protocol flags
  case http = 121
  case http2 = 122
  case grpc = 123
  case gql = 124
  case gqlv1 = 125
  case gqlv2 = 126
  case ws = 127
  case dns = 128
  case tls = 129
  case tlsx = 130
  case tcp = 131
  case udp = 132
  case sctp = 133
  case icmp = 134
  case redis = 135
  case kafka = 136
  case amqp = 137
  case ldap = 138
  case radius = 139
  case diameter = 140
  case mongodb = 141
  case mysql = 142
  case postgresql = 143
  case conn = 144
  case flow = 145
  case tcpConn = 146
  case udpConn = 147
  case tcpFlow = 148
  case udpFlow = 149
  case syscall = 150
  case mqtt = 158
  case sse = 153
  case mcp = 154
  case llm = 155

  // HTTP
  case method = 161
  case url = 162
  case path = 163
  case statusCode = 164
  case httpVersion = 165
  case queryString = 166
  case requestHeaders = 167
  case responseHeaders = 168
  case requestCookies = 169
  case responseCookies = 170
  case requestHeadersSize = 171
  case requestBodySize = 172
  case responseHeadersSize = 173
  case responseBodySize = 174
  case requestBody = 175
  case responseBody = 176

  // gRPC
  case grpcMethod = 201
  case grpcService = 202
  case grpcStatus = 203
  case grpcStream = 204
  case grpcRequestMessages = 205
  case grpcResponseMessages = 206

  // DNS
  case dnsQuestions = 241
  case dnsAnswers = 242
  case dnsQuestionTypes = 243
  case dnsRequest = 244
  case dnsResponse = 245
  case dnsRcode = 246
  case dnsRequestLength = 247
  case dnsResponseLength = 248
  case dnsTotalSize = 249
  case dnsOperation = 250
  case dnsOpcode = 251
  case dnsRecords = 252

  // TLS interception and TLS handshake
  case tlsSummary = 281
  case tlsInfo = 282
  case tlsRequestSize = 283
  case tlsResponseSize = 284
  case tlsTotalSize = 285
  case tlsxSNI = 286
  case tlsxVersion = 287
  case tlsxCipherSuite = 288
  case tlsxCipherSuites = 289
  case tlsxALPN = 290
  case tlsxSummary = 291
  case tlsxInfo = 292
  case tlsxJA3 = 293
  case tlsxJA3S = 294
  case tlsxJA4 = 295
  case tlsEarlyData = 296

  // TCP, UDP, SCTP, ICMP
  case tcpMethod = 321
  case tcpPayload = 322
  case tcpErrorType = 323
  case tcpErrorMessage = 324
  case tcpMetrics = 325
  case udpLength = 326
  case udpChecksum = 327
  case udpPayload = 328
  case sctpChecksum = 329
  case sctpChunkType = 330
  case sctpLength = 331
  case icmpType = 332
  case icmpVersion = 333
  case icmpLength = 334
  case icmpAbout = 335
  case icmpAboutFlow = 336
  case sctpChunkTypes = 337
  case sctpStream = 338
  case sctpPayloadProtocol = 339

  // WebSocket
  case wsOpcode = 361
  case wsRequest = 362
  case wsResponse = 363
  case wsRequestPayloadData = 364
  case wsRequestPayloadLength = 365
  case wsResponsePayloadLength = 366
  case wsResponsePayloadData = 367

  // Redis
  case redisType = 401
  case redisCommand = 402
  case redisKey = 403
  case redisRequestSize = 404
  case redisResponseSize = 405
  case redisTotalSize = 406

  // Kafka
  case kafkaAPIKey = 441
  case kafkaAPIKeyName = 442
  case kafkaClientID = 443
  case kafkaSize = 444
  case kafkaRequest = 445
  case kafkaResponse = 446
  case kafkaRequestSummary = 447
  case kafkaRequestSize = 448
  case kafkaResponseSize = 449
  case kafkaTopics = 450
  case kafkaGroups = 451

  // AMQP
  case amqpMethod = 481
  case amqpSummary = 482
  case amqpRequest = 483
  case amqpResponse = 484
  case amqpRequestLength = 485
  case amqpResponseLength = 486
  case amqpTotalSize = 487
  case amqpRoutingKey = 488

  // LDAP
  case ldapType = 521
  case ldapSummary = 522
  case ldapRequest = 523
  case ldapResponse = 524
  case ldapRequestLength = 525
  case ldapResponseLength = 526
  case ldapTotalSize = 527

  // RADIUS
  case radiusCode = 561
  case radiusCodeName = 562
  case radiusRequest = 563
  case radiusResponse = 564
  case radiusRequestAuthenticator = 565
  case radiusRequestLength = 566
  case radiusResponseLength = 567
  case radiusTotalSize = 568
  case radiusUser = 569

  // Diameter
  case diameterMethod = 601
  case diameterSummary = 602
  case diameterRequest = 603
  case diameterResponse = 604
  case diameterRequestLength = 605
  case diameterResponseLength = 606
  case diameterTotalSize = 607
  case diameterApplication = 608
  case diameterResult = 609
  case diameterResultCode = 610
  case diameterSession = 611

  // MongoDB
  case mongodbCommand = 641
  case mongodbDatabase = 642
  case mongodbCollection = 643
  case mongodbOpcode = 644
  case mongodbRequestSize = 645
  case mongodbResponseSize = 646
  case mongodbTotalSize = 647
  case mongodbSuccess = 648
  case mongodbErrorCode = 649
  case mongodbErrorMessage = 650
  case mongodbErrorCodeName = 651
  case mongodbDocuments = 652

  // MySQL
  case mysqlCommand = 681
  case mysqlQuery = 682
  case mysqlDatabase = 683
  case mysqlStatementID = 684
  case mysqlRequestSize = 685
  case mysqlResponseSize = 686
  case mysqlTotalSize = 687
  case mysqlSuccess = 688
  case mysqlErrorCode = 689
  case mysqlErrorMessage = 690
  case mysqlRows = 691
  case mysqlSQLState = 692

  // PostgreSQL
  case postgresqlCommand = 721
  case postgresqlQuery = 722
  case postgresqlDatabase = 723
  case postgresqlUser = 724
  case postgresqlRequestSize = 725
  case postgresqlResponseSize = 726
  case postgresqlTotalSize = 727
  case postgresqlSuccess = 728
  case postgresqlErrorCode = 729
  case postgresqlErrorMessage = 730
  case postgresqlRows = 731
  case postgresqlTransaction = 732

  // Connections
  case connState = 761
  case connLocalPkts = 762
  case connLocalBytes = 763
  case connRemotePkts = 764
  case connRemoteBytes = 765
  case connL7Detected = 766
  case connGroupID = 767
  case connTLS = 768

  // Flows
  case flowState = 801
  case flowLocalPkts = 802
  case flowLocalBytes = 803
  case flowRemotePkts = 804
  case flowRemoteBytes = 805
  case flowLocalPPS = 806
  case flowLocalBPS = 807
  case flowRemotePPS = 808
  case flowRemoteBPS = 809
  case flowL7Detected = 810
  case flowGroupID = 811

  // Raw record
  case raw = 841

  // MQTT
  case mqttType = 1041
  case mqttTopic = 1042
  case mqttTopics = 1043
  case mqttClientID = 1044
  case mqttQoS = 1045
  case mqttRetain = 1046
  case mqttVersion = 1047
  case mqttUser = 1048
  case mqttReason = 1049
  case mqttReasonCode = 1050
  case mqttRequest = 1051
  case mqttResponse = 1052
  case mqttRequestLength = 1053
  case mqttResponseLength = 1054
  case mqttTotalSize = 1055

  // Columns behind the derived fields, without a KFL name
  case kind = 881
  case transport = 882
  case instant = 883
  case elapsed = 884
  case streamNumber = 885
  case streamIndex = 886
  case firstPacket = 887
  case lastPacket = 888
  case halves = 889
  case requestBytes = 890
  case responseBytes = 891
  case failed = 892
  case faultKind = 893
  case faultMessage = 894
  case decrypted = 895
  case sourceNode = 896
  case destinationNode = 897
  case sourceProcess = 898
  case destinationProcess = 899
  case sourceOwner = 900
  case destinationOwner = 901
  case sourceLabels = 902
  case destinationLabels = 903
  case sourceAnnotations = 904
  case destinationAnnotations = 905
  case host = 906
  case statusText = 907
  case requestContentType = 908
  case responseContentType = 909
  case requestIsCut = 910
  case responseIsCut = 911
  case details = 912
  case requestFacts = 913
  case responseFacts = 914

  case streamTimes = 920
  case captureVLANIsOfProvider = 921
  case kafkaTopicIDs = 922

  // TCP health figures of connection records, without a KFL name: `tcp_metrics` shows them
  case metricRetransmissions = 981
  case metricFastRetransmissions = 982
  case metricSpuriousRetransmissions = 983
  case metricZeroWindows = 984
  case metricWindowFull = 985
  case metricWindowScale = 986
  case metricAverageReceiveWindow = 987
  case metricOutOfOrder = 988
  case metricDuplicateACKs = 989
  case metricMissingSegments = 990
  case metricResets = 991
  case metricFINs = 992
  case metricKeepAlives = 993
  case metricCompleteness = 994
  case metricInitialRTT = 995
  case metricHandshakeTime = 996
  case metricConnectionTime = 997
  case metricTimeToFirstByte = 998
  case metricRTTMinimum = 999
  case metricRTTMaximum = 1000
  case metricRTTAverage = 1001
  case metricRTTSamples = 1002
  case metricJitter = 1003
  case metricGoodput = 1004
  case metricSynToSynAck = 1005
  case metricSynAckToAck = 1006
  case connCloseReason = 1007
  case metricZeroWindowSegments = 1008
  case metricLostSegmentEvents = 1009
  case connDuration = 1010
  case metricServerWindowScale = 1011
  case metricClientRetransmissions = 1012
  case metricServerRetransmissions = 1013
  case metricOffload = 1014

  // GraphQL
  case gqlOperationType = 1201
  case gqlOperationName = 1202
  case gqlRootFields = 1203
  case gqlErrors = 1204
  case gqlBatch = 1205
  case gqlSummary = 1206

  // Server-Sent Events
  case sseEvents = 1241
  case sseEventTypes = 1242
  case sseLastID = 1243
  case sseFirstEvent = 1244

  // Model Context Protocol
  case mcpMethod = 1281
  case mcpName = 1282
  case mcpMessages = 1283
  case mcpProtocolVersion = 1284
  case mcpErrorCode = 1285
  case mcpToolError = 1286

  // Language models
  case llmAPI = 1321
  case llmOperation = 1322
  case llmModel = 1323
  case llmReplyModel = 1324
  case llmStream = 1325
  case llmTools = 1326
  case llmToolCalls = 1327
  case llmFinishReason = 1328
  case llmInputTokens = 1329
  case llmOutputTokens = 1330
  case llmCachedTokens = 1331
  case llmUsage = 1332
  case llmFirstToken = 1333
  case llmRetries = 1334
  case llmError = 1335
}
