#!/bin/sh
# addresses of a Linux machine that replaces a device
# written by ipplan VERSION from plan links, IBM Cloud ranges of 2025-10-03
# Set the names of its interfaces in variables: PUBLIC=eth0 PRIVATE=eth1 sh FILE DEVICE
set -eu
case "${1:-}" in
esg-dallas)
    # ESG dallas
    : "${PUBLIC:?the interface on the public network}"
    : "${PRIVATE:?the interface on the private network}"
    : "${TRANSIT:?the interface on the transit network}"
    : "${WORKERS1:?the interface on the VXLAN of icp-a-workers}"
    ip address replace 169.46.73.18/28 dev "$PUBLIC"  # dal-public
    ip address replace 169.46.73.21/28 dev "$PUBLIC"  # icp-strongswan of dal-public
    ip address replace 10.176.18.194/27 dev "$PRIVATE"  # dal-private
    ip address replace 10.176.18.195/27 dev "$PRIVATE"  # icp-master of dal-private
    ip address replace 10.176.18.196/27 dev "$PRIVATE"  # icp-proxy of dal-private
    ip address replace 172.24.19.1/29 dev "$TRANSIT"  # dal-transit, an example
    ip address replace 172.24.18.1/27 dev "$WORKERS1"  # icp-a-workers
    ip link set "$PUBLIC" up
    ip link set "$PRIVATE" up
    ip link set "$TRANSIT" up
    ip link set "$WORKERS1" up
    ;;
dlr-dallas)
    # DLR dallas
    : "${TRANSIT:?the interface on the transit network}"
    : "${VXLAN1:?the interface on the VXLAN of dal-app}"
    : "${VXLAN2:?the interface on the VXLAN of dal-db}"
    ip address replace 172.24.19.2/29 dev "$TRANSIT"  # dal-transit, an example
    ip address replace 172.24.16.1/24 dev "$VXLAN1"  # gateway of dal-app
    ip address replace 172.24.17.1/24 dev "$VXLAN2"  # gateway of dal-db
    ip link set "$TRANSIT" up
    ip link set "$VXLAN1" up
    ip link set "$VXLAN2" up
    ;;
esg-frankfurt)
    # ESG frankfurt
    : "${PUBLIC:?the interface on the public network}"
    : "${PRIVATE:?the interface on the private network}"
    : "${TRANSIT:?the interface on the transit network}"
    ip address replace 159.122.70.34/28 dev "$PUBLIC"  # fra-public
    ip address replace 159.122.70.37/28 dev "$PUBLIC"  # icp-strongswan of fra-public
    ip address replace 10.85.31.66/26 dev "$PRIVATE"  # fra-private, an example
    ip address replace 172.25.19.1/29 dev "$TRANSIT"  # fra-transit, an example
    ip link set "$PUBLIC" up
    ip link set "$PRIVATE" up
    ip link set "$TRANSIT" up
    ip link show dev gre1 >/dev/null 2>&1 || ip tunnel add gre1 mode gre local 159.122.70.34 remote 172.24.16.30 ttl 64  # the tunnel to site branch
    ip link set gre1 up
    ;;
dlr-frankfurt)
    # DLR frankfurt
    : "${TRANSIT:?the interface on the transit network}"
    : "${VXLAN1:?the interface on the VXLAN of icp-b-workers}"
    : "${VXLAN2:?the interface on the VXLAN of fra-app}"
    ip address replace 172.25.19.2/29 dev "$TRANSIT"  # fra-transit, an example
    ip address replace 172.25.18.1/27 dev "$VXLAN1"  # gateway of icp-b-workers
    ip address replace 172.25.16.1/24 dev "$VXLAN2"  # gateway of fra-app
    ip link set "$TRANSIT" up
    ip link set "$VXLAN1" up
    ip link set "$VXLAN2" up
    ;;
esg-london)
    # ESG london
    : "${PRIVATE:?the interface on the private network}"
    : "${TRANSIT:?the interface on the transit network}"
    ip address replace 10.112.31.66/26 dev "$PRIVATE"  # lon-private
    ip address replace 10.224.19.1/29 dev "$TRANSIT"  # lon-transit, an example
    ip link set "$PRIVATE" up
    ip link set "$TRANSIT" up
    ;;
dlr-london)
    # DLR london
    : "${TRANSIT:?the interface on the transit network}"
    : "${VXLAN1:?the interface on the VXLAN of lon-app}"
    ip address replace 10.224.19.2/29 dev "$TRANSIT"  # lon-transit, an example
    ip address replace 10.224.16.1/24 dev "$VXLAN1"  # gateway of lon-app
    ip link set "$TRANSIT" up
    ip link set "$VXLAN1" up
    ;;
vms-in-dal-app-1)
    # VMs in dal-app, 1
    : "${INTERFACE:?the interface on the VXLAN}"
    ip address replace 172.24.16.10/24 dev "$INTERFACE"  # web of dal-app
    ip link set "$INTERFACE" up
    ;;
vms-in-dal-db-1)
    # VMs in dal-db, 1
    : "${INTERFACE:?the interface on the VXLAN}"
    ip address replace 172.24.17.2/24 dev "$INTERFACE"  # dal-db, an example
    ip link set "$INTERFACE" up
    ;;
vms-in-dal-old-1)
    # VMs in dal-old, 1
    : "${INTERFACE:?the interface on the VXLAN}"
    ip address replace 192.168.10.2/24 dev "$INTERFACE"  # dal-old, an example
    ip link set "$INTERFACE" up
    ;;
vms-in-fra-app-1)
    # VMs in fra-app, 1
    : "${INTERFACE:?the interface on the VXLAN}"
    ip address replace 172.25.16.2/24 dev "$INTERFACE"  # fra-app, an example
    ip link set "$INTERFACE" up
    ;;
vms-in-lon-app-1)
    # VMs in lon-app, 1
    : "${INTERFACE:?the interface on the VXLAN}"
    ip address replace 10.224.16.2/24 dev "$INTERFACE"  # lon-app, an example
    ip link set "$INTERFACE" up
    ;;
icp-workers-of-icp-a-1)
    # ICP workers of icp-a, 1
    : "${PRIVATE:?the interface on the private network}"
    ip address replace 172.24.18.12/27 dev "$PRIVATE"  # strongswan of icp-a-workers
    ip address replace 172.24.18.10/27 dev "$PRIVATE"  # master-vip of icp-a-workers
    ip address replace 172.24.18.11/27 dev "$PRIVATE"  # proxy-vip of icp-a-workers
    ip link set "$PRIVATE" up
    ;;
icp-workers-of-icp-a-2)
    # ICP workers of icp-a, 2
    : "${PRIVATE:?the interface on the private network}"
    ip address replace 172.24.18.13/27 dev "$PRIVATE"  # w1 of icp-a-workers
    ip link set "$PRIVATE" up
    ;;
icp-workers-of-icp-b-1)
    # ICP workers of icp-b, 1
    : "${PRIVATE:?the interface on the private network}"
    ip address replace 172.25.18.12/27 dev "$PRIVATE"  # strongswan of icp-b-workers
    ip address replace 172.25.18.10/27 dev "$PRIVATE"  # master-vip of icp-b-workers
    ip address replace 172.25.18.11/27 dev "$PRIVATE"  # proxy-vip of icp-b-workers
    ip link set "$PRIVATE" up
    ;;
iks-workers-of-iks-a-1)
    # IKS workers of iks-a, 1
    : "${PRIVATE:?the interface on the private network}"
    ip address replace 10.171.42.130/26 dev "$PRIVATE"  # iks-a-workers, an example
    ip link set "$PRIVATE" up
    ;;
iks-workers-of-iks-a-2)
    # IKS workers of iks-a, 2
    : "${PRIVATE:?the interface on the private network}"
    ip address replace 10.171.42.131/26 dev "$PRIVATE"  # iks-a-workers, an example
    ip link set "$PRIVATE" up
    ;;
iks-workers-of-iks-b-1)
    # IKS workers of iks-b, 1
    : "${PRIVATE:?the interface on the private network}"
    ip address replace 10.134.200.66/26 dev "$PRIVATE"  # iks-b-workers, an example
    ip link set "$PRIVATE" up
    ;;
bcr)
    # BCR
    : "${VLAN1:?the interface on the VLAN of iks-b-private}"
    : "${VLAN2:?the interface on the VLAN of iks-a-workers}"
    : "${VLAN3:?the interface on the VLAN of iks-b-workers}"
    : "${VLAN4:?the interface on the VLAN of dal-private}"
    : "${VLAN5:?the interface on the VLAN of fra-private}"
    : "${VLAN6:?the interface on the VLAN of lon-private}"
    ip address replace 10.134.9.9/29 dev "$VLAN1"  # gateway of iks-b-private
    ip address replace 10.171.42.129/26 dev "$VLAN2"  # gateway of iks-a-workers
    ip address replace 10.134.200.65/26 dev "$VLAN3"  # gateway of iks-b-workers
    ip address replace 10.176.18.193/27 dev "$VLAN4"  # gateway of dal-private
    ip address replace 10.85.31.65/26 dev "$VLAN5"  # gateway of fra-private
    ip address replace 10.112.31.65/26 dev "$VLAN6"  # gateway of lon-private
    ip link set "$VLAN1" up
    ip link set "$VLAN2" up
    ip link set "$VLAN3" up
    ip link set "$VLAN4" up
    ip link set "$VLAN5" up
    ip link set "$VLAN6" up
    ;;
fcr)
    # FCR
    : "${VLAN1:?the interface on the VLAN of iks-a-public}"
    : "${VLAN2:?the interface on the VLAN of iks-b-public}"
    : "${VLAN3:?the interface on the VLAN of dal-public}"
    : "${VLAN4:?the interface on the VLAN of fra-public}"
    ip address replace 169.46.49.33/28 dev "$VLAN1"  # gateway of iks-a-public
    ip address replace 169.47.49.33/28 dev "$VLAN2"  # gateway of iks-b-public
    ip address replace 169.46.73.17/28 dev "$VLAN3"  # gateway of dal-public
    ip address replace 159.122.70.33/28 dev "$VLAN4"  # gateway of fra-public
    ip link set "$VLAN1" up
    ip link set "$VLAN2" up
    ip link set "$VLAN3" up
    ip link set "$VLAN4" up
    ;;
on-premises-router-hq)
    # on-premises router hq
    : "${LAN1:?the interface in the network of hq-lan}"
    : "${LAN2:?the interface in the network of hq-six}"
    : "${STRETCHED1:?the interface in the stretched network of dal-app}"
    : "${STRETCHED2:?the interface in the stretched network of dal-old}"
    ip address replace 192.168.64.1/20 dev "$LAN1"  # gateway of hq-lan
    ip address replace 192.168.64.20/20 dev "$LAN1"  # ipsec of hq-lan
    ip address replace fd00:64::1/48 dev "$LAN2"  # gateway of hq-six
    ip address replace 172.24.16.254/24 dev "$STRETCHED1"  # in dal-app, stretched
    ip address replace 192.168.10.1/24 dev "$STRETCHED2"  # in dal-old, stretched
    ip link set "$LAN1" up
    ip link set "$LAN2" up
    ip link set "$STRETCHED1" up
    ip link set "$STRETCHED2" up
    ;;
on-premises-router-branch)
    # on-premises router branch
    : "${LAN1:?the interface in the network of branch-lan}"
    ip address replace 172.24.16.1/24 dev "$LAN1"  # gateway of branch-lan
    ip address replace 172.24.16.30/24 dev "$LAN1"  # gre of branch-lan
    ip link set "$LAN1" up
    ip link show dev gre1 >/dev/null 2>&1 || ip tunnel add gre1 mode gre local 172.24.16.30 remote 159.122.70.34 ttl 64  # the tunnel to edge frankfurt
    ip link set gre1 up
    ;;
*)
    echo 'usage: sh FILE DEVICE, one of: esg-dallas, dlr-dallas, esg-frankfurt, dlr-frankfurt, esg-london, dlr-london, vms-in-dal-app-1, vms-in-dal-db-1, vms-in-dal-old-1, vms-in-fra-app-1, vms-in-lon-app-1, icp-workers-of-icp-a-1, icp-workers-of-icp-a-2, icp-workers-of-icp-b-1, iks-workers-of-iks-a-1, iks-workers-of-iks-a-2, iks-workers-of-iks-b-1, bcr, fcr, on-premises-router-hq, on-premises-router-branch' >&2
    exit 2
    ;;
esac
