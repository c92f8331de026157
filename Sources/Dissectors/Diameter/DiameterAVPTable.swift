/// Names and forms of attributes, one word each: code, name, form.
///
/// Forms: t text, n number of 32 bits, u of 64, i and l with a sign, f with a fraction, a address,
/// 4 IPv4 address, m time, g group, b telephone number, x bytes, s secret, d user data.
enum DiameterAVPTable {
  /// Of no vendor (IANA "AVP Codes"): RFC 6733, RFC 7155, RFC 8506, RFC 4072.
  static let base = """
    1:User-Name:t 2:User-Password:s 3:CHAP-Password:s 4:NAS-IP-Address:4 5:NAS-Port:n
    6:Service-Type:n 7:Framed-Protocol:n 8:Framed-IP-Address:4 9:Framed-IP-Netmask:4
    10:Framed-Routing:n 11:Filter-Id:t 12:Framed-MTU:n 13:Framed-Compression:n 14:Login-IP-Host:4
    15:Login-Service:n 16:Login-TCP-Port:n 18:Reply-Message:t 19:Callback-Number:t 20:Callback-Id:t
    22:Framed-Route:t 23:Framed-IPX-Network:t 24:State:x 25:Class:x 26:Vendor-Specific:x
    27:Session-Timeout:n 28:Idle-Timeout:n 29:Termination-Action:n 30:Called-Station-Id:t
    31:Calling-Station-Id:t 32:NAS-Identifier:t 33:Proxy-State:x 34:Login-LAT-Service:t
    35:Login-LAT-Node:t 36:Login-LAT-Group:x 37:Framed-AppleTalk-Link:n
    38:Framed-AppleTalk-Network:n 39:Framed-AppleTalk-Zone:x 40:Acct-Status-Type:n
    41:Acct-Delay-Time:n 42:Acct-Input-Octets:n 43:Acct-Output-Octets:n 44:Accounting-Session-Id:t
    45:Acct-Authentic:n 46:Acct-Session-Time:n 47:Acct-Input-Packets:n 48:Acct-Output-Packets:n
    49:Acct-Terminate-Cause:n 50:Acct-Multi-Session-Id:t 51:Acct-Link-Count:n
    52:Acct-Input-Gigawords:i 53:Acct-Output-Gigawords:i 55:Event-Timestamp:m 56:Egress-VLANID:x
    57:Ingress-Filters:n 58:Egress-VLAN-Name:t 59:User-Priority-Table:x 60:CHAP-Challenge:s
    61:NAS-Port-Type:n 62:Port-Limit:n 63:Login-LAT-Port:x 64:Tunnel-Type:n 65:Tunnel-Medium-Type:n
    66:Tunnel-Client-Endpoint:t 67:Tunnel-Server-Endpoint:t 68:Acct-Tunnel-Connection:x
    69:Tunnel-Password:s 70:ARAP-Password:s 71:ARAP-Features:x 72:ARAP-Zone-Access:n
    73:ARAP-Security:n 74:ARAP-Security-Data:s 75:Password-Retry:n 76:Prompt:n 77:Connect-Info:t
    78:Configuration-Token:s 79:EAP-Message:s 80:Message-Authenticator:x
    81:Tunnel-Private-Group-Id:x 82:Tunnel-Assignment-Id:x 83:Tunnel-Preference:n
    84:ARAP-Challenge-Response:s 85:Acct-Interim-Interval:n 86:Acct-Tunnel-Packets-Lost:n
    87:NAS-Port-Id:t 88:Framed-Pool:x 89:Chargeable-User-Identity:t 90:Tunnel-Client-Auth-Id:t
    91:Tunnel-Server-Auth-Id:t 92:NAS-Filter-Rule:t 94:Originating-Line-Info:x
    95:NAS-IPv6-Address:x 96:Framed-Interface-Id:u 97:Framed-IPv6-Prefix:x 98:Login-IPv6-Host:x
    99:Framed-IPv6-Route:t 100:Framed-IPv6-Pool:x 101:Error-Cause:n 102:EAP-Key-Name:t
    103:Digest-Response:s 104:Digest-Realm:t 105:Digest-Nonce:t 106:Digest-Response-Auth:s
    107:Digest-Nextnonce:t 108:Digest-Method:t 109:Digest-URI:t 110:Digest-Qop:t
    111:Digest-Algorithm:t 112:Digest-Entity-Body-Hash:t 113:Digest-CNonce:t
    114:Digest-Nonce-Count:t 115:Digest-Username:t 116:Digest-Opaque:t 117:Digest-Auth-Param:t
    118:Digest-AKA-Auts:s 119:Digest-Domain:t 120:Digest-Stale:t 121:Digest-HA1:s 122:SIP-AOR:t
    123:Delegated-IPv6-Prefix:x 124:MIP6-Feature-Vector:u 125:MIP6-Home-Link-Prefix:x
    257:Host-IP-Address:a 258:Auth-Application-Id:n 259:Acct-Application-Id:n
    260:Vendor-Specific-Application-Id:g 261:Redirect-Host-Usage:n 262:Redirect-Max-Cache-Time:n
    263:Session-Id:t 264:Origin-Host:t 265:Supported-Vendor-Id:n 266:Vendor-Id:n
    267:Firmware-Revision:n 268:Result-Code:n 269:Product-Name:t 270:Session-Binding:n
    271:Session-Server-Failover:n 272:Multi-Round-Time-Out:n 273:Disconnect-Cause:n
    274:Auth-Request-Type:n 275:Alternate-Peer:t 276:Auth-Grace-Period:n 277:Auth-Session-State:n
    278:Origin-State-Id:n 279:Failed-AVP:g 280:Proxy-Host:t 281:Error-Message:t 282:Route-Record:t
    283:Destination-Realm:t 284:Proxy-Info:g 285:Re-Auth-Request-Type:n
    287:Accounting-Sub-Session-Id:u 291:Authorization-Lifetime:i 292:Redirect-Host:t
    293:Destination-Host:t 294:Error-Reporting-Host:t 295:Termination-Cause:n 296:Origin-Realm:t
    297:Experimental-Result:g 298:Experimental-Result-Code:n 299:Inband-Security-Id:n
    300:E2E-Sequence:g 301:DRMP:n 363:Accounting-Input-Octets:u 364:Accounting-Output-Octets:u
    365:Accounting-Input-Packets:u 366:Accounting-Output-Packets:u 400:NAS-Filter-Rule:t
    401:Tunneling:g 402:CHAP-Auth:g 403:CHAP-Algorithm:n 404:CHAP-Ident:x 405:CHAP-Response:s
    406:Accounting-Auth-Method:n 407:QoS-Filter-Rule:t 408:Origin-AAA-Protocol:n
    411:CC-Correlation-Id:x 412:CC-Input-Octets:u 413:CC-Money:g 414:CC-Output-Octets:u
    415:CC-Request-Number:n 416:CC-Request-Type:n 417:CC-Service-Specific-Units:u
    418:CC-Session-Failover:n 419:CC-Sub-Session-Id:u 420:CC-Time:n 421:CC-Total-Octets:u
    422:Check-Balance-Result:n 423:Cost-Information:g 424:Cost-Unit:t 425:Currency-Code:n
    426:Credit-Control:n 427:Credit-Control-Failure-Handling:n
    428:Direct-Debiting-Failure-Handling:n 429:Exponent:i 430:Final-Unit-Indication:g
    431:Granted-Service-Unit:g 432:Rating-Group:n 433:Redirect-Address-Type:n 434:Redirect-Server:g
    435:Redirect-Server-Address:t 436:Requested-Action:n 437:Requested-Service-Unit:g
    438:Restriction-Filter-Rule:t 439:Service-Identifier:n 440:Service-Parameter-Info:g
    441:Service-Parameter-Type:n 442:Service-Parameter-Value:x 443:Subscription-Id:g
    444:Subscription-Id-Data:t 445:Unit-Value:g 446:Used-Service-Unit:g 447:Value-Digits:l
    448:Validity-Time:n 449:Final-Unit-Action:n 450:Subscription-Id-Type:n 451:Tariff-Time-Change:m
    452:Tariff-Change-Usage:n 453:G-S-U-Pool-Identifier:n 454:CC-Unit-Type:n
    455:Multiple-Services-Indicator:n 456:Multiple-Services-Credit-Control:g
    457:G-S-U-Pool-Reference:g 458:User-Equipment-Info:g 459:User-Equipment-Info-Type:n
    460:User-Equipment-Info-Value:x 461:Service-Context-Id:t 462:EAP-Payload:s
    463:EAP-Reissued-Payload:s 464:EAP-Master-Session-Key:s 465:Accounting-EAP-Auth-Method:u
    480:Accounting-Record-Type:n 483:Accounting-Realtime-Required:n 485:Accounting-Record-Number:n
    495:TMOD-1:g 496:Token-Rate:f 497:Bucket-Depth:f 498:Peak-Traffic-Rate:f
    499:Minimum-Policed-Unit:n 500:Maximum-Packet-Size:n 501:TMOD-2:g 502:Bandwidth:f
    503:PHB-Class:n 508:QoS-Resources:g 509:Filter-Rule:g 510:Filter-Rule-Precedence:n
    511:Classifier:g 512:Classifier-ID:x 513:Protocol:n 514:Direction:n 515:From-Spec:g
    516:To-Spec:g 517:Negated:n 518:IP-Address:a 519:IP-Address-Range:g 520:IP-Address-Start:a
    620:Redirect-Realm:t 621:OC-Supported-Features:g 622:OC-Feature-Vector:u 623:OC-OLR:g
    624:OC-Sequence-Number:u 625:OC-Validity-Duration:n 626:OC-Report-Type:n
    627:OC-Reduction-Percentage:n 648:OC-Peer-Algo:u 649:SourceID:t 650:Load:g 651:Load-Type:n
    652:Load-Value:u 653:User-Equipment-Info-Extension:g 654:User-Equipment-Info-IMEISV:x
    655:User-Equipment-Info-MAC:x 656:User-Equipment-Info-EUI64:x
    657:User-Equipment-Info-ModifiedEUI64:x 658:User-Equipment-Info-IMEI:x
    """

  /// Of 3GPP, vendor 10415 (TS 29.230): Cx, Sh, Gx, Rx, Ro, Rf, S6a, SWx and others.
  static let threeGPP = """
    1:3GPP-IMSI:t 2:3GPP-Charging-Id:x 3:3GPP-PDP-Type:n 4:3GPP-CG-Address:a
    5:3GPP-GPRS-Negotiated-QoS-Profile:t 6:3GPP-SGSN-Address:a 7:3GPP-GGSN-Address:a
    8:3GPP-IMSI-MCC-MNC:t 9:3GPP-GGSN-MCC-MNC:t 10:3GPP-NSAPI:t 11:3GPP-Session-Stop-Indicator:t
    12:3GPP-Selection-Mode:t 13:3GPP-Charging-Characteristics:t 14:3GPP-CG-IPv6-Address:x
    15:3GPP-SGSN-IPv6-Address:x 16:3GPP-GGSN-IPv6-Address:x 17:3GPP-IPv6-DNS-Server:x
    18:3GPP-SGSN-MCC-MNC:t 19:3GPP-Teardown-Indicator:x 20:3GPP-IMEISV:x 21:3GPP-RAT-Type:x
    22:3GPP-User-Location-Info:x 23:3GPP-MS-TimeZone:x 24:3GPP-CAMEL-Charging-Info:x
    25:3GPP-Packet-Filter:x 26:3GPP-Negotiated-DSCP:x 27:3GPP-Allocate-IP-Type:x
    29:3GPP-TWAN-Identifier:x 500:Abort-Cause:n 501:Access-Network-Charging-Address:a
    502:Access-Network-Charging-Identifier:g 503:Access-Network-Charging-Identifier-Value:x
    504:AF-Application-Identifier:x 505:AF-Charging-Identifier:x 506:Authorization-Token:x
    507:Flow-Description:t 508:Flow-Grouping:g 509:Flow-Number:n 510:Flows:g 511:Flow-Status:n
    512:Flow-Usage:n 513:Specific-Action:n 515:Max-Requested-Bandwidth-DL:n
    516:Max-Requested-Bandwidth-UL:n 517:Media-Component-Description:g 518:Media-Component-Number:n
    519:Media-Sub-Component:g 520:Media-Type:n 521:RR-Bandwidth:n 522:RS-Bandwidth:n
    523:SIP-Forking-Indication:n 524:Codec-Data:t 525:Service-URN:x 526:Acceptable-Service-Info:g
    527:Service-Info-Status:n 528:MPS-Identifier:x 529:AF-Signalling-Protocol:n
    530:Sponsored-Connectivity-Data:g 531:Sponsor-Identity:t
    532:Application-Service-Provider-Identity:t 533:Rx-Request-Type:n
    534:Min-Requested-Bandwidth-DL:n 535:Min-Requested-Bandwidth-UL:n 536:Required-Access-Info:n
    537:IP-Domain-Id:x 538:GCS-Identifier:x 539:Sharing-Key-DL:n 540:Sharing-Key-UL:n
    541:Retry-Interval:n 542:Sponsoring-Action:n 543:Max-Supported-Bandwidth-DL:n
    544:Max-Supported-Bandwidth-UL:n 545:Min-Desired-Bandwidth-DL:n 546:Min-Desired-Bandwidth-UL:n
    547:MCPTT-Identifier:x 548:Service-Authorization-Info:n 550:Priority-Sharing-Indicator:n
    551:AF-Requested-Data:n 552:Content-Version:u 553:Pre-emption-Control-Info:n
    554:Extended-Max-Requested-BW-DL:n 555:Extended-Max-Requested-BW-UL:n
    556:Extended-Max-Supported-BW-DL:n 557:Extended-Max-Supported-BW-UL:n
    558:Extended-Min-Desired-BW-DL:n 559:Extended-Min-Desired-BW-UL:n
    560:Extended-Min-Requested-BW-DL:n 561:Extended-Min-Requested-BW-UL:n 562:MCVideo-Identifier:x
    563:IMS-Content-Identifier:x 564:IMS-Content-Type:n 600:Visited-Network-Identifier:x
    601:Public-Identity:t 602:Server-Name:t 603:Server-Capabilities:g 604:Mandatory-Capability:n
    605:Optional-Capability:n 606:Cx-User-Data:d 607:3GPP-SIP-Number-Auth-Items:n
    608:3GPP-SIP-Authentication-Scheme:t 609:3GPP-SIP-Authenticate:s 610:3GPP-SIP-Authorization:s
    611:SIP-Authentication-Context:x 612:3GPP-SIP-Auth-Data-Item:g 613:3GPP-SIP-Item-Number:n
    614:Server-Assignment-Type:n 615:Deregistration-Reason:g 616:Reason-Code:n 617:Reason-Info:t
    618:Charging-Information:g 619:Primary-Event-Charging-Function-Name:t
    620:Secondary-Event-Charging-Function-Name:t 621:Primary-Charging-Collection-Function-Name:t
    622:Secondary-Charging-Collection-Function-Name:t 623:User-Authorization-Type:n
    624:User-Data-Already-Available:n 625:Confidentiality-Key:s 626:Integrity-Key:s
    627:User-Data-Request-Type-OBSOLETE:n 628:Supported-Features:g 629:Feature-List-ID:n
    630:Feature-List:n 631:Supported-Applications:g 632:Associated-Identities:g
    633:Originating-Request:n 634:Wildcarded-PSI:t 635:SIP-Digest-Authenticate:g
    636:Wildcarded-IMPU:t 637:UAR-Flags:n 638:Loose-Route-Indication:n 639:SCSCF-Restoration-Info:g
    640:Path:x 641:Contact:x 642:Subscription-Info:g 643:Call-ID-SIP-Header:x 644:From-SIP-Header:x
    645:To-SIP-Header:x 646:Record-Route:x 647:Associated-Registered-Identities:g
    648:Multiple-Registration-Indication:n 649:Restoration-Info:g 650:Session-Priority:n
    651:Identity-with-Emergency-Registration:g 652:Priviledged-Sender-Indication:n 653:LIA-Flags:n
    654:Initial-CSeq-Sequence-Number:n 655:SAR-Flags:n 656:Allowed-WAF-WWSF-Identities:g
    657:WebRTC-Authentication-Function-Name:t 658:WebRTC-Web-Server-Function-Name:t
    700:User-Identity:g 701:MSISDN:b 702:Sh-User-Data:d 703:Data-Reference:n
    704:Service-Indication:x 705:Subs-Req-Type:n 706:Requested-Domain:n 707:Current-Location:n
    708:Identity-Set:n 709:Expiry-Time:m 710:Send-Data-Indication:n 711:DSAI-Tag:x
    712:One-Time-Notification:n 713:Requested-Nodes:n 714:Serving-Node-Indication:n
    715:Repository-Data-ID:g 716:Sequence-Number:n 717:Pre-paging-Supported:n
    718:Local-Time-Zone-Indication:n 719:UDR-Flags:n 823:Event-Type:g 824:3GPP-SIP-Method:t
    825:Event:t 826:Content-Type:t 827:Content-Length:n 828:Content-Disposition:t
    829:Role-Of-Node:n 830:User-Session-ID:t 831:Calling-Party-Address:t 832:Called-Party-Address:t
    833:Time-Stamps:g 834:SIP-Request-Timestamp:m 835:SIP-Response-Timestamp:m
    836:Application-Server:t 837:Application-Provided-Called-Party-Address:t
    838:Inter-Operator-Identifier:g 839:Originating-IOI:t 840:Terminating-IOI:t
    841:IMS-Charging-Identifier:t 842:SDP-Session-Description:t 843:SDP-Media-Component:g
    844:SDP-Media-Name:t 845:SDP-Media-Description:t 846:CG-Address:a 847:GGSN-Address:a
    848:Served-Party-IP-Address:a 849:Authorised-QoS:t 850:Application-Server-Information:g
    851:Trunk-Group-ID:g 852:Incoming-Trunk-Group-ID:t 853:Outgoing-Trunk-Group-ID:t
    854:Bearer-Service:x 855:Service-Id:t 856:Associated-URI:t 857:Charged-Party:t
    858:PoC-Controlling-Address:t 859:PoC-Group-Name:t 860:Cause:g 861:Cause-Code:n
    862:Node-Functionality:n 863:Service-Specific-Data:t 864:Originator:n
    865:PS-Furnish-Charging-Information:g 866:PS-Free-Format-Data:x
    867:PS-Append-Free-Format-Data:n 868:Time-Quota-Threshold:n 869:Volume-Quota-Threshold:n
    870:Trigger-Type:n 871:Quota-Holding-Time:n 872:3GPP-Reporting-Reason:n
    873:Service-Information:g 874:PS-Information:g 875:WLAN-Information:g 876:IMS-Information:g
    877:MMS-Information:g 878:LCS-Information:g 879:PoC-Information:g 880:MBMS-Information:g
    881:Quota-Consumption-Time:n 882:Media-Initiator-Flag:n 883:PoC-Server-Role:n
    884:PoC-Session-Type:n 885:Number-Of-Participants:i 886:Originator-Address:g
    887:Participants-Involved:t 888:Expires:n 889:Message-Body:g 890:WAG-Address:a
    891:WAG-PLMN-Id:x 892:WLAN-Radio-Container:g 893:WLAN-Technology:n
    894:WLAN-UE-Local-IPAddress:a 895:PDG-Address:a 896:PDG-Charging-Id:n 897:Address-Data:t
    898:Address-Domain:g 899:Address-Type:n 900:TMGI:x 901:Required-MBMS-Bearer-Capabilities:t
    902:MBMS-StartStop-Indication:n 903:MBMS-Service-Area:x 904:MBMS-Session-Duration:x
    905:Alternative-APN:t 906:MBMS-Service-Type:n 907:MBMS-2G-3G-Indicator:n
    908:MBMS-Session-Identity:x 909:RAI:t 910:Additional-MBMS-Trace-Info:x
    911:MBMS-Time-To-Data-Transfer:x 912:MBMS-Session-Repetition-Number:x 913:MBMS-Required-QoS:t
    914:MBMS-Counting-Information:n 915:MBMS-User-Data-Mode-Indication:n 916:MBMS-GGSN-Address:x
    917:MBMS-GGSN-IPv6-Address:x 918:MBMS-BMSC-SSM-IP-Address:x 919:MBMS-BMSC-SSM-IPv6-Address:x
    920:MBMS-Flow-Identifier:x 1000:Bearer-Usage:n 1001:Charging-Rule-Install:g
    1002:Charging-Rule-Remove:g 1003:Charging-Rule-Definition:g 1004:Charging-Rule-Base-Name:t
    1005:Charging-Rule-Name:x 1006:Event-Trigger:n 1007:Metering-Method:n 1008:Offline:n
    1009:Online:n 1010:Precedence:n 1011:Reporting-Level:n 1012:TFT-Filter:t
    1013:TFT-Packet-Filter-Information:g 1014:ToS-Traffic-Class:x 1015:PDP-Session-operation:n
    1016:QoS-Information:g 1018:Charging-Rule-Report:g 1019:PCC-Rule-Status:n
    1020:Bearer-Identifier:x 1021:Bearer-Operation:n 1022:Access-Network-Charging-Identifier-Gx:g
    1023:Bearer-Control-Mode:n 1024:Network-Request-Support:n 1025:Guaranteed-Bitrate-DL:n
    1026:Guaranteed-Bitrate-UL:n 1027:IP-CAN-Type:n 1028:QoS-Class-Identifier:n
    1029:QoS-Negotiation:n 1030:QoS-Upgrade:n 1031:Rule-Failure-Code:n 1032:RAT-Type:n
    1033:Event-Report-Indication:g 1034:Allocation-Retention-Priority:g 1035:CoA-IP-Address:a
    1036:Tunnel-Header-Filter:t 1037:Tunnel-Header-Length:n 1038:Tunnel-Information:g
    1039:CoA-Information:g 1040:APN-Aggregate-Max-Bitrate-DL:n 1041:APN-Aggregate-Max-Bitrate-UL:n
    1042:Revalidation-Time:m 1043:Rule-Activation-Time:m 1044:Rule-Deactivation-Time:m
    1045:Session-Release-Cause:n 1046:Priority-Level:n 1047:Pre-emption-Capability:n
    1048:Pre-emption-Vulnerability:n 1049:Default-EPS-Bearer-QoS:g 1050:AN-GW-Address:a
    1051:QoS-Rule-Install:g 1052:QoS-Rule-Remove:g 1053:QoS-Rule-Definition:g 1054:QoS-Rule-Name:x
    1055:QoS-Rule-Report:g 1056:Security-Parameter-Index:x 1057:Flow-Label:x
    1058:Flow-Information:g 1059:Packet-Filter-Content:t 1060:Packet-Filter-Identifier:x
    1061:Packet-Filter-Information:g 1062:Packet-Filter-Operation:n
    1063:Resource-Allocation-Notification:n 1064:Session-Linking-Indicator:n
    1065:PDN-Connection-ID:x 1066:Monitoring-Key:x 1067:Usage-Monitoring-Information:g
    1068:Usage-Monitoring-Level:n 1069:Usage-Monitoring-Report:n 1070:Usage-Monitoring-Support:n
    1071:CSG-Information-Reporting:n 1072:Packet-Filter-Usage:n
    1073:Charging-Correlation-Indicator:n 1074:QoS-Rule-Base-Name:t 1075:Routing-Rule-Remove:g
    1076:Routing-Rule-Definition:g 1077:Routing-Rule-Identifier:x 1078:Routing-Filter:g
    1079:Routing-IP-Address:a 1080:Flow-Direction:n 1081:Routing-Rule-Install:g
    1082:Credit-Management-Status:n 1085:Redirect-Information:g 1086:Redirect-Support:n
    1087:TDF-Information:g 1088:TDF-Application-Identifier:x 1089:TDF-Destination-Host:t
    1090:TDF-Destination-Realm:t 1091:TDF-IP-Address:a 1092:ADC-Rule-Install:g
    1093:ADC-Rule-Remove:g 1094:ADC-Rule-Definition:g 1095:ADC-Rule-Base-Name:t
    1096:ADC-Rule-Name:x 1200:Domain-Name:t 1201:Recipient-Address:g 1202:Submission-Time:m
    1203:MM-Content-Type:g 1204:Type-Number:n 1205:Additional-Type-Information:t
    1206:Content-Size:n 1207:Additional-Content-Information:g 1208:Addressee-Type:n 1209:Priority:n
    1210:Message-ID:t 1211:Message-Type:n 1212:Message-Size:n 1213:Message-Class:g
    1214:Class-Identifier:n 1215:Token-Text:t 1216:Delivery-Report-Requested:n 1217:Adaptations:n
    1218:Applic-ID:t 1219:Aux-Applic-Info:t 1220:Content-Class:n 1221:DRM-Content:n
    1222:Read-Reply-Report-Requested:n 1223:Reply-Applic-ID:t 1224:File-Repair-Supported:n
    1225:MBMS-User-Service-Type:n 1226:Unit-Quota-Threshold:n 1227:PDP-Address:a
    1228:SGSN-Address:a 1229:PoC-Session-Id:t 1230:Deferred-Location-Event-Type:t 1231:LCS-APN:t
    1232:LCS-Client-ID:g 1233:LCS-Client-Dialed-By-MS:t 1234:LCS-Client-External-ID:t
    1235:LCS-Client-Name:g 1236:LCS-Data-Coding-Scheme:t 1237:LCS-Format-Indicator:n
    1238:LCS-Name-String:t 1239:LCS-Requestor-ID:g 1240:LCS-Requestor-ID-String:t
    1241:LCS-Client-Type:n 1242:Location-Estimate:x 1243:Location-Estimate-Type:n
    1244:Location-Type:g 1245:Positioning-Data:t 1246:WLAN-Session-Id:t 1247:PDP-Context-Type:n
    1248:MMBox-Storage-Requested:n 1249:Service-Specific-Info:g 1250:Called-Asserted-Identity:t
    1251:Requested-Party-Address:t 1252:PoC-User-Role:g 1253:PoC-User-Role-IDs:t
    1254:PoC-User-Role-info-Units:n 1255:Talk-Burst-Exchange:g 1256:Service-Generic-Information:g
    1257:Service-Specific-Type:n 1258:Event-Charging-TimeStamp:m 1259:Participant-Access-Priority:n
    1260:Participant-Group:g 1261:PoC-Change-Condition:n 1262:PoC-Change-Time:m
    1263:Access-Network-Information:x 1264:Trigger:g 1265:Base-Time-Interval:n 1266:Envelope:g
    1267:Envelope-End-Time:m 1268:Envelope-Reporting:n 1269:Envelope-Start-Time:m
    1270:Time-Quota-Mechanism:g 1271:Time-Quota-Type:n 1272:Early-Media-Description:g
    1273:SDP-TimeStamps:g 1274:SDP-Offer-Timestamp:m 1275:SDP-Answer-Timestamp:m
    1276:AF-Correlation-Information:g 1277:PoC-Session-Initiation-type:n 1278:Offline-Charging:g
    1279:User-Participating-Type:n 1280:Alternate-Charged-Party-Address:t
    1281:IMS-Communication-Service-Identifier:t 1282:Number-Of-Received-Talk-Bursts:n
    1283:Number-Of-Talk-Bursts:n 1284:Received-Talk-Burst-Time:n 1285:Received-Talk-Burst-Volume:n
    1286:Talk-Burst-Time:n 1287:Talk-Burst-Volume:n 1288:Media-Initiator-Party:t
    1400:Subscription-Data:g 1401:Terminal-Information:g 1402:IMEI:t 1403:Software-Version:t
    1404:QoS-Subscribed:x 1405:ULR-Flags:n 1406:ULA-Flags:n 1407:Visited-PLMN-Id:x
    1408:Requested-EUTRAN-Authentication-Info:g 1409:Requested-UTRAN-GERAN-Authentication-Info:g
    1410:Number-Of-Requested-Vectors:n 1411:Re-Synchronization-Info:s
    1412:Immediate-Response-Preferred:n 1413:Authentication-Info:g 1414:E-UTRAN-Vector:g
    1415:UTRAN-Vector:g 1416:GERAN-Vector:g 1417:Network-Access-Mode:n 1418:HPLMN-ODB:n
    1419:Item-Number:n 1420:Cancellation-Type:n 1421:DSR-Flags:n 1422:DSA-Flags:n
    1423:Context-Identifier:n 1424:Subscriber-Status:n 1425:Operator-Determined-Barring:n
    1426:Access-Restriction-Data:n 1427:APN-OI-Replacement:t
    1428:All-APN-Configurations-Included-Indicator:n 1429:APN-Configuration-Profile:g
    1430:APN-Configuration:g 1431:EPS-Subscribed-QoS-Profile:g 1432:VPLMN-Dynamic-Address-Allowed:n
    1433:STN-SR:x 1434:Alert-Reason:n 1435:AMBR:g 1436:CSG-Subscription-Data:g 1437:CSG-Id:n
    1438:PDN-GW-Allocation-Type:n 1439:Expiration-Date:m 1440:RAT-Frequency-Selection-Priority-ID:n
    1441:IDA-Flags:n 1442:PUA-Flags:n 1443:NOR-Flags:n 1444:User-Id:t 1445:Equipment-Status:n
    1446:Regional-Subscription-Zone-Code:x 1447:RAND:s 1448:XRES:s 1449:AUTN:s 1450:KASME:s
    1452:Trace-Collection-Entity:a 1453:Kc:s 1454:SRES:s 1455:Requesting-Node-Type:n
    1456:PDN-Type:n 1457:Roaming-Restricted-Due-To-Unsupported-Feature:n 1458:Trace-Data:g
    1459:Trace-Reference:x 1462:Trace-Depth:n 1463:Trace-NE-Type-List:x 1464:Trace-Interface-List:x
    1465:Trace-Event-List:x 1466:OMC-Id:x 1467:GPRS-Subscription-Data:g
    1468:Complete-Data-List-Included-Indicator:n 1469:PDP-Context:g 1470:PDP-Type:x
    1471:3GPP2-MEID:x 1472:Specific-APN-Info:g 1473:LCS-Info:g 1474:GMLC-Number:x
    1475:LCS-PrivacyException:g 1476:SS-Code:x 1477:SS-Status:x 1478:Notification-To-UE-User:n
    1479:External-Client:g 1480:Client-Identity:x 1481:GMLC-Restriction:n 1482:PLMN-Client:n
    1483:3GPP-Service-Type:g 1484:ServiceTypeIdentity:n 1485:MO-LR:g 1486:Teleservice-List:g
    1487:TS-Code:x 1488:Call-Barring-Infor-List:g 1489:SGSN-Number:x 1490:IDR-Flags:n
    1491:ICS-Indicator:n 1492:IMS-Voice-Over-PS-Sessions-Supported:n
    1493:Homogeneous-Support-of-IMS-Voice-Over-PS-Sessions:n 1494:Last-UE-Activity-Time:m
    1495:EPS-User-State:g 1496:EPS-Location-Information:g 1497:MME-User-State:g
    1498:SGSN-User-State:g 1499:User-State:n 1500:Non-3GPP-User-Data:g 1501:Non-3GPP-IP-Access:n
    1502:Non-3GPP-IP-Access-APN:n 1503:AN-Trusted:n 1504:ANID:t 1505:Trace-Info:g 1506:MIP-FA-RK:x
    1507:MIP-FA-RK-SPI:n 1508:PPR-Flags:n 1509:WLAN-Identifier:g 1510:TWAN-Access-Info:g
    1511:Access-Authorization-Flags:n 1512:TWAN-Default-APN-Context-Id:n 1516:Full-Network-Name:x
    1517:Short-Network-Name:x 1518:AAA-Failure-Indication:n 1519:Transport-Access-Type:n
    1520:DER-Flags:n 1521:DEA-Flags:n 1522:RAR-Flags:n 1523:DER-S6b-Flags:n 1524:SSID:t
    1525:HESSID:t 1526:Access-Network-Info:g 1527:TWAN-Connection-Mode:n
    1528:TWAN-Connectivity-Parameters:g 1529:Connectivity-Flags:n 1530:TWAN-PCO:x
    1531:TWAG-CP-Address:a 1532:TWAG-UP-Address:a 1533:TWAN-S2a-Failure-Cause:n
    1534:SM-Back-Off-Timer:n 1535:WLCP-Key:x 1536:Origination-Time-Stamp:u 1537:Maximum-Wait-Time:n
    1538:Emergency-Services:n 1539:AAR-Flags:n 1540:IMEI-Check-In-VPLMN-Result:n
    1541:ERP-Authorization:n 1600:MME-Location-Information:g 1601:SGSN-Location-Information:g
    1602:E-UTRAN-Cell-Global-Identity:x 1603:Tracking-Area-Identity:x 1604:Cell-Global-Identity:x
    1605:Routing-Area-Identity:x 1606:Location-Area-Identity:x 1607:Service-Area-Identity:x
    1608:Geographical-Information:x 1609:Geodetic-Information:x 1610:Current-Location-Retrieved:n
    1611:Age-Of-Location-Information:n 1612:Active-APN:g 1613:SIPTO-Permission:n
    1614:Error-Diagnostic:n 1615:UE-SRVCC-Capability:n 1616:MPS-Priority:n
    1617:VPLMN-LIPA-Allowed:n 1618:LIPA-Permission:n 1619:Subscribed-Periodic-RAU-TAU-Timer:n
    1620:Ext-PDP-Type:x 1621:Ext-PDP-Address:a 1622:MDT-Configuration:g 1623:Job-Type:n
    1624:Area-Scope:g 1625:List-Of-Measurements:n 1626:Reporting-Trigger:n 1627:Report-Interval:n
    1628:Report-Amount:n 1629:Event-Threshold-RSRP:n 1630:Event-Threshold-RSRQ:n
    1631:Logging-Interval:n 1632:Logging-Duration:n 1633:Relay-Node-Indicator:n
    1634:MDT-User-Consent:n 1635:PUR-Flags:n 1636:Subscribed-VSRVCC:n 1637:Equivalent-PLMN-List:g
    1638:CLR-Flags:n 1639:UVR-Flags:n 1640:UVA-Flags:n 1641:VPLMN-CSG-Subscription-Data:g
    1642:Time-Zone:t 1643:A-MSISDN:b 1645:MME-Number-for-MT-SMS:x 1648:SMS-Register-Request:n
    1649:Local-Time-Zone:g 1650:Daylight-Saving-Time:n 1654:Subscription-Data-Flags:n
    1655:Measurement-Period-LTE:n 1656:Measurement-Period-UMTS:n 1657:Collection-Period-RRM-LTE:n
    1658:Collection-Period-RRM-UMTS:n 1659:Positioning-Method:x 1660:Measurement-Quantity:x
    1661:Event-Threshold-Event-1F:i 1662:Event-Threshold-Event-1I:i 1663:Restoration-Priority:n
    1664:SGs-MME-Identity:t 1665:SIPTO-Local-Network-Permission:n 1666:Coupled-Node-Diameter-ID:t
    1667:WLAN-offloadability:g 1668:WLAN-offloadability-EUTRAN:n 1669:WLAN-offloadability-UTRAN:n
    1670:Reset-ID:x 1671:MDT-Allowed-PLMN-Id:x 1672:Adjacent-PLMNs:g
    1673:Adjacent-Access-Restriction-Data:g 1674:DL-Buffering-Suggested-Packet-Count:i
    1675:IMSI-Group-Id:g 1676:Group-Service-Id:n 1677:Group-PLMN-Id:x 1678:Local-Group-Id:x
    1679:AIR-Flags:n 1680:UE-Usage-Type:n 1681:Non-IP-PDN-Type-Indicator:n
    1682:Non-IP-Data-Delivery-Mechanism:n 1683:Additional-Context-Identifier:n 1684:SCEF-Realm:t
    1685:Subscription-Data-Deletion:g 1686:Preferred-Data-Mode:n 1687:Emergency-Info:g
    1688:V2X-Subscription-Data:g 1689:V2X-Permission:n 1690:PDN-Connection-Continuity:n
    1691:eDRX-Cycle-Length:g 1692:eDRX-Cycle-Length-Value:x 1693:UE-PC5-AMBR:n 1694:MBSFN-Area:g
    1695:MBSFN-Area-ID:n 1696:Carrier-Frequency:n 1697:RDS-Indicator:n 1698:Service-Gap-Time:n
    1699:Aerial-UE-Subscription-Information:n 1700:Broadcast-Location-Assistance-Data-Types:u
    2020:Low-Balance-Indication:n 2021:Remaining-Balance:g 2022:Refund-Information:x
    2023:Carrier-Select-Routing-Information:t 2024:Number-Portability-Routing-Information:t
    2025:PoC-Event-Type:n 2026:Recipient-Info:g 2027:Originator-Received-Address:g
    2028:Recipient-Received-Address:g 2029:SM-Service-Type:n 2030:MMTel-Information:g
    2031:MMTel-Service-Type:n 2032:Service-Mode:n 2033:Subscriber-Role:n
    2034:Number-Of-Diversions:n 2035:Associated-Party-Address:t 2036:SDP-Type:n
    2037:Change-Condition:n 2038:Change-Time:m 2039:Diagnostics:n 2040:Service-Data-Container:g
    2041:Start-Time:m 2042:Stop-Time:m 2043:Time-First-Usage:m 2044:Time-Last-Usage:m
    2045:Time-Usage:n 2046:Traffic-Data-Volumes:g 2047:Serving-Node-Type:n
    2048:Supplementary-Service:g 2049:Participant-Action-Type:n 2050:PDN-Connection-Charging-ID:n
    2051:Dynamic-Address-Flag:n 2052:Accumulated-Cost:g 2053:AoC-Cost-Information:g
    2054:AoC-Information:g 2055:AoC-Request-Type:n 2056:Current-Tariff:g 2057:Next-Tariff:g
    2058:Rate-Element:g 2059:Scale-Factor:g 2060:Tariff-Information:g 2061:Unit-Cost:g
    2062:Incremental-Cost:g 2063:Local-Sequence-Number:n 2064:Node-Id:t 2065:SGW-Change:n
    2066:Charging-Characteristics-Selection-Mode:n 2067:SGW-Address:a
    2068:Dynamic-Address-Flag-Extension:n 2400:LMSI:x 2401:Serving-Node:g 2402:MME-Name:t
    2403:MSC-Number:x 2404:LCS-Capabilities-Sets:n 2405:GMLC-Address:a
    2406:Additional-Serving-Node:g 2407:PSR-Address:a 2408:MME-Realm:t 2409:SGSN-Name:t
    2410:SGSN-Realm:t 2411:RIA-Flags:n 2500:Slg-Location-Type:n 2501:LCS-EPS-Client-Name:g
    2502:LCS-Requestor-Name:g 2503:LCS-Priority:n 2504:LCS-QoS:g 2505:Horizontal-Accuracy:n
    2506:Vertical-Accuracy:n 2507:Vertical-Requested:n 2508:Velocity-Requested:n
    2509:Response-Time:n 2510:Supported-GAD-Shapes:n 2511:LCS-Codeword:t 2512:LCS-Privacy-Check:n
    2513:Accuracy-Fulfilment-Indicator:n 2514:Age-Of-Location-Estimate:n 2515:Velocity-Estimate:x
    2516:EUTRAN-Positioning-Data:x 2517:ECGI:x 2518:Location-Event:n 2519:Pseudonym-Indicator:n
    2520:LCS-Service-Type-ID:n 2521:LCS-Privacy-Check-Non-Session:g
    2522:LCS-Privacy-Check-Session:g 2523:LCS-QoS-Class:n 2524:GERAN-Positioning-Info:g
    2525:GERAN-Positioning-Data:x 2526:GERAN-GANSS-Positioning-Data:x 2527:UTRAN-Positioning-Info:g
    2528:UTRAN-Positioning-Data:x 2529:UTRAN-GANSS-Positioning-Data:x 2530:LRR-Flags:n
    2802:TDF-Application-Instance-Identifier:x 2804:HeNB-Local-IP-Address:a
    2805:UE-Local-IP-Address:a 2806:UDP-Source-Port:n 2807:CS-Service-QoS-Request-Identifier:x
    2808:CS-Service-QoS-Request-Operation:n 2809:Mute-Notification:n 2810:Monitoring-Time:m
    2811:AN-GW-Status:n 2812:User-Location-Info-Time:m 2813:CS-Service-Resource-Report:g
    2814:CS-Service-Resource-Failure-Cause:n 2815:CS-Service-Resource-Result-Operation:n
    2816:Default-QoS-Information:g 2817:Default-QoS-Name:t
    2818:Conditional-APN-Aggregate-Max-Bitrate:g 2819:RAN-NAS-Release-Cause:x
    2820:Presence-Reporting-Area-Elements-List:x 2821:Presence-Reporting-Area-Identifier:x
    2822:Presence-Reporting-Area-Information:g 2823:Presence-Reporting-Area-Status:n
    2824:NetLoc-Access-Support:n 2825:Fixed-User-Location-Info:g
    2826:PCSCF-Restoration-Indication:n 2827:IP-CAN-Session-Charging-Scope:n
    2828:Monitoring-Flags:n 2829:Default-Access:n 2830:NBIFOM-Mode:n 2831:NBIFOM-Support:n
    2832:RAN-Rule-Support:n 2833:Access-Availability-Change-Reason:n
    2834:Routing-Rule-Failure-Code:n 2835:Routing-Rule-Report:g
    2836:Traffic-Steering-Policy-Identifier-DL:x 2837:Traffic-Steering-Policy-Identifier-UL:x
    2838:Request-Type:n 2839:Execution-Time:m 2840:Conditional-Policy-Information:g
    2841:Resource-Release-Notification:n 2842:Removal-Of-Access:n 2844:Default-Bearer-Indication:n
    2845:PRA-Install:g 2846:PRA-Remove:g 2847:3GPP-PS-Data-Off-Status-Gx:n
    2848:Extended-APN-AMBR-DL:n 2849:Extended-APN-AMBR-UL:n 2850:Extended-GBR-DL:n
    2851:Extended-GBR-UL:n 2852:Max-PLR-DL:f 2853:Max-PLR-UL:f 2854:UE-Status:n
    2855:Presence-Reporting-Area-Node:n 2901:Policy-Counter-Identifier:t
    2902:Policy-Counter-Status:t 2903:Policy-Counter-Status-Report:g 2904:SL-Request-Type:n
    2905:Pending-Policy-Counter-Information:g 2906:Pending-Policy-Counter-Change-Time:m
    3100:IP-SM-GW-Number:x 3101:IP-SM-GW-Name:t 3102:User-Identifier:b 3103:S6-Service-ID:n
    3104:SCS-Identity:x 3105:Service-Parameters:g 3106:T4-Parameters:g 3107:Service-Data:g
    3108:T4-Data:g 3109:HSS-Cause:n 3110:SIR-Flags:n 3111:External-Identifier:t
    3112:IP-SM-GW-Realm:t 3113:AESE-Communication-Pattern:g 3114:Communication-Pattern-Set:g
    3115:Periodic-Communication-Indicator:n 3116:Communication-Duration-Time:n 3117:Periodic-Time:n
    3118:Scheduled-Communication-Time:g 3119:Stationary-Indication:n
    3120:AESE-Communication-Pattern-Config-Status:g 3121:AESE-Error-Report:g
    3122:Monitoring-Event-Configuration:g 3123:Monitoring-Event-Report:g 3124:SCEF-Reference-ID:n
    3125:SCEF-ID:t 3126:SCEF-Reference-ID-for-Deletion:n 3127:Monitoring-Type:n
    3128:Maximum-Number-of-Reports:n 3129:UE-Reachability-Configuration:g
    3130:Monitoring-Duration:m 3300:SC-Address:b 3301:SM-RP-UI:d 3302:TFR-Flags:n
    3303:SM-Delivery-Failure-Cause:g 3304:SM-Enumerated-Delivery-Failure-Cause:n
    3305:SM-Diagnostic-Info:x 3306:SM-Delivery-Timer:n 3307:SM-Delivery-Start-Time:m
    3308:SM-RP-MTI:n 3309:SM-RP-SMEA:x 3310:SRR-Flags:n 3311:SM-Delivery-Not-Intended:n
    3312:MWD-Status:n 3313:MME-Absent-User-Diagnostic-SM:n 3314:MSC-Absent-User-Diagnostic-SM:n
    3315:SGSN-Absent-User-Diagnostic-SM:n 3316:SM-Delivery-Outcome:g 3317:MME-SM-Delivery-Outcome:g
    3318:MSC-SM-Delivery-Outcome:g 3319:SGSN-SM-Delivery-Outcome:g
    3320:IP-SM-GW-SM-Delivery-Outcome:g 3321:SM-Delivery-Cause:n 3322:Absent-User-Diagnostic-SM:n
    3323:RDR-Flags:n 3329:Maximum-UE-Availability-Time:m 3330:Maximum-Retransmission-Time:m
    3331:Requested-Retransmission-Time:m 3332:SMS-GMSC-Address:x 3333:SMS-GMSC-Alert-Event:n
    3334:SMSF-3GPP-Absent-User-Diagnostic-SM:n 3335:SMSF-Non-3GPP-Absent-User-Diagnostic-SM:n
    3336:SMSF-3GPP-SM-Delivery-Outcome:g 3337:SMSF-Non-3GPP-SM-Delivery-Outcome:g
    3338:SMSF-3GPP-Number:x 3339:SMSF-Non-3GPP-Number:x 3340:SMSF-3GPP-Name:t 3401:Reason-Header:t
    3402:Instance-Id:t 3403:Route-Header-Received:t 3404:Route-Header-Transmitted:t
    3405:SM-Device-Trigger-Information:g 3406:MTC-IWF-Address:a 3407:SM-Device-Trigger-Indicator:n
    3408:SM-Sequence-Number:n 3409:SMS-Result:n 3410:VCS-Information:g 3411:Basic-Service-Code:g
    3412:Bearer-Capability:x 3413:Teleservice:x 3414:ISUP-Location-Number:x
    3415:Forwarding-Pending:n 3416:ISUP-Release-Cause:g 3417:MSC-Address:x
    3418:Network-Call-Reference-Number:x 3419:Start-of-Charging:m 3420:VLR-Number:x
    3421:CN-Operator-Selection-Entity:n 3422:ISUP-Cause-Diagnostics:x 3423:ISUP-Cause-Location:x
    3424:ISUP-Cause-Value:n 3425:ePDG-Address:a 3426:Announcing-UE-HPLMN-Identifier:t
    3427:Announcing-UE-VPLMN-Identifier:t 3428:Coverage-Status:n 3429:Layer-2-Group-ID:x
    3430:Monitored-PLMN-Identifier:t 3431:Monitoring-UE-HPLMN-Identifier:t
    3432:Monitoring-UE-Identifier:t 3433:Monitoring-UE-VPLMN-Identifier:t
    3434:PC3-Control-Protocol-Cause:i 3435:PC3-EPC-Control-Protocol-Cause:i
    3436:Requested-PLMN-Identifier:t 3437:Requestor-PLMN-Identifier:t 3438:Role-Of-ProSe-Function:n
    3439:Usage-Information-Report-Sequence-Number:i 3440:ProSe-3rd-Party-Application-ID:t
    """
}
