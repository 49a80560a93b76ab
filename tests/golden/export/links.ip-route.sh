#!/bin/sh
# routes of a Linux machine that replaces a device
# written by ipplan VERSION from plan links, IBM Cloud ranges of 2025-10-03
# Run it as: sh FILE DEVICE
set -eu
case "${1:-}" in
esg-dallas)
    # ESG dallas
    : "${LINK:?the interface on the common VLAN}"
    ip route replace 0.0.0.0/0 via 169.46.73.17  # FCR: the internet
    ip route replace 10.0.0.0/8 via 10.176.18.193  # BCR: IBM Cloud's private network, as on every classic server
    ip route replace 161.26.0.0/16 via 10.176.18.193  # BCR: IBM Cloud's private network, as on every classic server
    ip route replace 166.8.0.0/14 via 10.176.18.193  # BCR: IBM Cloud's private network, as on every classic server
    ip route replace 192.168.10.0/24 via 10.176.18.193  # BCR: site hq, over Direct Link
    ip route replace 192.168.64.0/20 via 10.176.18.193  # BCR: site hq, over Direct Link
    # 169.46.73.16/28 towards VLAN: connected; dal-public
    # 10.176.18.192/27 towards VLAN: connected; dal-private
    # 172.24.19.0/29 towards transit: connected; dal-transit
    ip route replace 172.24.16.0/23 via 172.24.19.2  # DLR (an example): dal-app, dal-db
    # 172.24.18.0/27 towards VXLAN: connected; gateway of icp-a-workers
    # 10.232.0.0/16 towards strongSwan: IPsec policy; the tunnel to cluster iks-a
    # 172.30.0.0/16 towards strongSwan: IPsec policy; the tunnel to cluster iks-a
    # 10.235.16.0/24 towards ESG: IPsec policy; the tunnel to edge frankfurt
    ip route replace 10.112.31.64/26 dev "$LINK"  # ESG: on the common VLAN, not through the BCR, which drops packets to networks that it did not assign
    ip route replace 10.224.16.0/24 via 10.112.31.66  # ESG: behind edge london, another ESG on the same network
    :
    ;;
dlr-dallas)
    # DLR dallas
    ip route replace 0.0.0.0/0 via 172.24.19.1  # ESG (an example): everything else
    ip route replace 192.168.64.0/20 via 172.24.16.254  # on-premises router: site hq, over the stretched network dal-app
    ip route replace 192.168.10.0/24 via 172.24.16.254  # on-premises router: site hq, over the stretched network dal-app
    # 172.24.19.0/29 towards transit: connected; dal-transit
    # 172.24.16.0/24 towards VXLAN: connected; gateway of dal-app
    # 172.24.17.0/24 towards VXLAN: connected; gateway of dal-db
    :
    ;;
esg-frankfurt)
    # ESG frankfurt
    : "${LINK:?the interface on the common VLAN}"
    ip route replace 0.0.0.0/0 via 159.122.70.33  # FCR: the internet
    ip route replace 10.0.0.0/8 via 10.85.31.65  # BCR: IBM Cloud's private network, as on every classic server
    ip route replace 161.26.0.0/16 via 10.85.31.65  # BCR: IBM Cloud's private network, as on every classic server
    ip route replace 166.8.0.0/14 via 10.85.31.65  # BCR: IBM Cloud's private network, as on every classic server
    ip route replace 192.168.10.0/24 via 10.85.31.65  # BCR: site hq, over Direct Link
    ip route replace 192.168.64.0/20 via 10.85.31.65  # BCR: site hq, over Direct Link
    # 159.122.70.32/28 towards VLAN: connected; fra-public
    # 10.85.31.64/26 towards VLAN: connected; fra-private
    # 172.25.19.0/29 towards transit: connected; fra-transit
    ip route replace 172.25.16.0/24 via 172.25.19.2  # DLR (an example): fra-app
    ip route replace 172.25.18.0/27 via 172.25.19.2  # DLR (an example): icp-b-workers
    # 172.24.16.0/23 towards ESG: IPsec policy; the tunnel to edge dallas
    # 172.24.18.0/27 towards ESG: IPsec policy; the tunnel to edge dallas
    # 10.236.64.0/20 towards on-premises router: IPsec policy; the tunnel to site hq
    ip route replace 10.238.16.0/24 dev gre1  # the tunnel to site branch
    ip route replace 10.134.200.64/26 dev "$LINK"  # vRouter: on the common VLAN, not through the BCR, which drops packets to networks that it did not assign
    # 172.26.0.0/16 towards vRouter: BGP; pods of IKS, in blocks, from the vRouter
    :
    ;;
dlr-frankfurt)
    # DLR frankfurt
    ip route replace 0.0.0.0/0 via 172.25.19.1  # ESG (an example): everything else
    # 172.25.19.0/29 towards transit: connected; fra-transit
    # 172.25.18.0/27 towards VXLAN: connected; gateway of icp-b-workers
    # 172.25.16.0/24 towards VXLAN: connected; gateway of fra-app
    :
    ;;
esg-london)
    # ESG london
    : "${LINK:?the interface on the common VLAN}"
    ip route replace 0.0.0.0/0 via 10.112.31.65  # BCR: everything else; no public uplink has IPv4
    ip route replace 10.0.0.0/8 via 10.112.31.65  # BCR: IBM Cloud's private network, as on every classic server
    ip route replace 161.26.0.0/16 via 10.112.31.65  # BCR: IBM Cloud's private network, as on every classic server
    ip route replace 166.8.0.0/14 via 10.112.31.65  # BCR: IBM Cloud's private network, as on every classic server
    ip route replace 192.168.10.0/24 via 10.112.31.65  # BCR: site hq, over Direct Link
    ip route replace 192.168.64.0/20 via 10.112.31.65  # BCR: site hq, over Direct Link
    # 10.112.31.64/26 towards VLAN: connected; lon-private
    # 10.224.19.0/29 towards transit: connected; lon-transit
    ip route replace 10.224.16.0/24 via 10.224.19.2  # DLR (an example): lon-app
    ip route replace 10.176.18.192/27 dev "$LINK"  # ESG: on the common VLAN, not through the BCR, which drops packets to networks that it did not assign
    ip route replace 172.24.16.0/23 via 10.176.18.194  # ESG: behind edge dallas, another ESG on the same network
    ip route replace 172.24.18.0/27 via 10.176.18.194  # ESG: behind edge dallas, another ESG on the same network
    # 172.26.0.0/16 towards BCR: BGP; pods of IKS, in blocks, from the BCR
    :
    ;;
dlr-london)
    # DLR london
    ip route replace 0.0.0.0/0 via 10.224.19.1  # ESG (an example): everything else
    # 10.224.19.0/29 towards transit: connected; lon-transit
    # 10.224.16.0/24 towards VXLAN: connected; gateway of lon-app
    :
    ;;
vms-in-dal-app)
    # VMs in dal-app
    ip route replace 0.0.0.0/0 via 172.24.16.1  # DLR: everything else, from dal-app
    :
    ;;
vms-in-dal-db)
    # VMs in dal-db
    ip route replace 0.0.0.0/0 via 172.24.17.1  # DLR: everything else, from dal-db
    :
    ;;
vms-in-dal-old)
    # VMs in dal-old
    ip route replace 0.0.0.0/0 via 192.168.10.1  # on-premises router: everything else, from dal-old
    :
    ;;
vms-in-fra-app)
    # VMs in fra-app
    ip route replace 0.0.0.0/0 via 172.25.16.1  # DLR: everything else, from fra-app
    :
    ;;
vms-in-lon-app)
    # VMs in lon-app
    ip route replace 0.0.0.0/0 via 10.224.16.1  # DLR: everything else, from lon-app
    :
    ;;
icp-workers-of-icp-a)
    # ICP workers of icp-a
    # 10.171.42.128/26 towards strongSwan: strongSwan chart; through the tunnel to cluster iks-a
    # 172.21.0.0/16 towards strongSwan: strongSwan chart; through the tunnel to cluster iks-a
    # 172.30.0.0/16 towards strongSwan: strongSwan chart; through the tunnel to cluster iks-a
    # 10.226.0.0/20 towards strongSwan: strongSwan chart; through the tunnel to cluster icp-b
    # 10.226.16.0/22 towards strongSwan: strongSwan chart; through the tunnel to cluster icp-b
    # 172.25.18.0/27 towards strongSwan: strongSwan chart; through the tunnel to cluster icp-b
    ip route replace 0.0.0.0/0 via 172.24.18.1  # ESG: everything else, from icp-a-workers
    :
    ;;
icp-workers-of-icp-b)
    # ICP workers of icp-b
    # 10.225.0.0/20 towards strongSwan: strongSwan chart; through the tunnel to cluster icp-a
    # 10.225.16.0/22 towards strongSwan: strongSwan chart; through the tunnel to cluster icp-a
    # 172.24.18.0/27 towards strongSwan: strongSwan chart; through the tunnel to cluster icp-a
    ip route replace 0.0.0.0/0 via 172.25.18.1  # DLR: everything else, from icp-b-workers
    :
    ;;
iks-workers-of-iks-a)
    # IKS workers of iks-a
    # 172.24.16.0/24 towards strongSwan: strongSwan chart; through the tunnel to edge dallas
    # 172.27.217.0/24 towards strongSwan: strongSwan chart; through the tunnel to edge dallas
    # 10.233.0.1/32 towards strongSwan: strongSwan chart; through the tunnel to cluster iks-b
    # 10.234.0.0/22 towards strongSwan: strongSwan chart; through the tunnel to cluster icp-a
    ip route replace 192.168.10.0/24 via 10.171.42.129  # BCR: site hq, over Direct Link
    ip route replace 192.168.64.0/20 via 10.171.42.129  # BCR: site hq, over Direct Link
    # 10.0.0.0/8 towards BCR: preconfigured; IBM Cloud's private network, as on every classic server
    # 161.26.0.0/16 towards BCR: preconfigured; IBM Cloud's private network, as on every classic server
    # 166.8.0.0/14 towards BCR: preconfigured; IBM Cloud's private network, as on every classic server
    # 0.0.0.0/0 towards FCR: preconfigured; the internet
    :
    ;;
iks-workers-of-iks-b)
    # IKS workers of iks-b
    : "${LINK:?the interface on the common VLAN}"
    # 10.171.42.128/26 towards strongSwan: strongSwan chart; through the tunnel to cluster iks-a
    # 172.21.0.0/16 towards strongSwan: strongSwan chart; through the tunnel to cluster iks-a
    # 172.30.0.0/16 towards strongSwan: strongSwan chart; through the tunnel to cluster iks-a
    # 172.25.16.0/24 towards ESG: BGP; the overlay behind frankfurt
    # 172.25.18.0/27 towards ESG: BGP; the overlay behind frankfurt
    ip route replace 10.85.31.64/26 dev "$LINK"  # ESG: on the common VLAN, not through the BCR, which drops packets to networks that it did not assign
    # 10.224.16.0/24 towards BCR: BGP; the overlay behind london
    ip route replace 192.168.10.0/24 via 10.134.200.65  # BCR: site hq, over Direct Link
    ip route replace 192.168.64.0/20 via 10.134.200.65  # BCR: site hq, over Direct Link
    # 10.0.0.0/8 towards BCR: preconfigured; IBM Cloud's private network, as on every classic server
    # 161.26.0.0/16 towards BCR: preconfigured; IBM Cloud's private network, as on every classic server
    # 166.8.0.0/14 towards BCR: preconfigured; IBM Cloud's private network, as on every classic server
    # 0.0.0.0/0 towards FCR: preconfigured; the internet
    :
    ;;
bcr)
    # BCR
    # 10.134.9.8/29 towards VLAN: connected; gateway of iks-b-private
    # 10.171.42.128/26 towards VLAN: connected; gateway of iks-a-workers
    # 10.134.200.64/26 towards VLAN: connected; gateway of iks-b-workers
    # 10.176.18.192/27 towards VLAN: connected; gateway of dal-private
    # 10.85.31.64/26 towards VLAN: connected; gateway of fra-private
    # 10.112.31.64/26 towards VLAN: connected; gateway of lon-private
    # 10.224.16.0/24 towards ESG: to be requested from IBM; announced by the ESG of london
    # 172.26.0.0/16 towards vRouter: to be requested from IBM; iks-b-pods, announced in blocks by the workers of iks-b
    # 192.168.10.0/24 towards XCR: BGP; dal-old, announced by site hq over Direct Link
    # 192.168.64.0/20 towards XCR: BGP; hq-lan, announced by site hq over Direct Link
    # fd00:64::/48 towards XCR: BGP; hq-six, announced by site hq over Direct Link
    :
    ;;
fcr)
    # FCR
    # 169.46.49.32/28 towards VLAN: connected; gateway of iks-a-public
    # 169.47.49.32/28 towards VLAN: connected; gateway of iks-b-public
    # 169.46.73.16/28 towards VLAN: connected; gateway of dal-public
    # 159.122.70.32/28 towards VLAN: connected; gateway of fra-public
    # 0.0.0.0/0 towards internet: preconfigured; the internet
    # ::/0 towards internet: preconfigured; the internet
    :
    ;;
on-premises-router-hq)
    # on-premises router hq
    # 192.168.64.0/20 towards LAN: connected; gateway of hq-lan
    # fd00:64::/48 towards LAN: connected; gateway of hq-six
    # 192.168.10.0/24 towards LAN: connected; gateway of dal-old
    # 172.24.16.0/24 towards L2 concentrator: stretched network; dal-app, where it is stretched
    # 172.24.17.0/24 towards L2 concentrator: stretched network; dal-db, where it is stretched
    # 10.237.0.1/32 towards ESG: IPsec policy; the tunnel to edge frankfurt
    # 10.134.9.8/29 towards XCR: static; next hop not known yet; iks-b-private, over Direct Link; by BGP from the XCR, or static without BGP
    # 10.171.42.128/26 towards XCR: static; next hop not known yet; iks-a-workers, over Direct Link; by BGP from the XCR, or static without BGP
    # 10.134.200.64/26 towards XCR: static; next hop not known yet; iks-b-workers, over Direct Link; by BGP from the XCR, or static without BGP
    # 10.176.18.192/27 towards XCR: static; next hop not known yet; dal-private, over Direct Link; by BGP from the XCR, or static without BGP
    # 10.85.31.64/26 towards XCR: static; next hop not known yet; fra-private, over Direct Link; by BGP from the XCR, or static without BGP
    # 10.112.31.64/26 towards XCR: static; next hop not known yet; lon-private, over Direct Link; by BGP from the XCR, or static without BGP
    # 10.224.16.0/24 towards XCR: static; next hop not known yet; announced by the ESG of london, over Direct Link; by BGP from the XCR, or static without BGP
    # 172.26.0.0/16 towards XCR: static; next hop not known yet; iks-b-pods, announced in blocks by the workers of iks-b, over Direct Link; by BGP from the XCR, or static without BGP
    # 0.0.0.0/0 towards internet: preconfigured; the internet
    # ::/0 towards internet: preconfigured; the internet
    :
    ;;
on-premises-router-branch)
    # on-premises router branch
    # 172.24.16.0/24 towards LAN: connected; gateway of branch-lan
    ip route replace 172.25.16.0/24 dev gre1  # the tunnel to edge frankfurt
    ip route replace 172.25.18.0/27 dev gre1  # the tunnel to edge frankfurt
    # 0.0.0.0/0 towards internet: preconfigured; the internet
    :
    ;;
*)
    echo 'usage: sh FILE DEVICE, one of: esg-dallas, dlr-dallas, esg-frankfurt, dlr-frankfurt, esg-london, dlr-london, vms-in-dal-app, vms-in-dal-db, vms-in-dal-old, vms-in-fra-app, vms-in-lon-app, icp-workers-of-icp-a, icp-workers-of-icp-b, iks-workers-of-iks-a, iks-workers-of-iks-b, bcr, fcr, on-premises-router-hq, on-premises-router-branch' >&2
    exit 2
    ;;
esac
