#!/bin/sh
# addresses of a Linux machine that replaces a device
# written by ipplan VERSION from plan reference-architecture, IBM Cloud ranges of 2025-10-03
# Set the names of its interfaces in variables: PUBLIC=eth0 PRIVATE=eth1 sh FILE DEVICE
set -eu
case "${1:-}" in
esg)
    # ESG
    : "${PUBLIC:?the interface on the public network}"
    : "${PRIVATE:?the interface on the private network}"
    : "${TRANSIT:?the interface on the transit network}"
    : "${WORKERS1:?the interface on the VXLAN of icp-workers}"
    ip address replace 169.46.73.18/28 dev "$PUBLIC"  # esg-public
    ip address replace 169.46.73.19/28 dev "$PUBLIC"  # icp-master of esg-public
    ip address replace 169.46.73.20/28 dev "$PUBLIC"  # icp-proxy of esg-public
    ip address replace 169.46.73.21/28 dev "$PUBLIC"  # icp-strongswan of esg-public
    ip address replace 10.176.18.194/27 dev "$PRIVATE"  # esg-private
    ip address replace 10.176.18.195/27 dev "$PRIVATE"  # icp-master of esg-private
    ip address replace 10.176.18.196/27 dev "$PRIVATE"  # icp-proxy of esg-private
    ip address replace 172.24.19.1/29 dev "$TRANSIT"  # transit
    ip address replace 172.24.18.1/27 dev "$WORKERS1"  # icp-workers
    ip link set "$PUBLIC" up
    ip link set "$PRIVATE" up
    ip link set "$TRANSIT" up
    ip link set "$WORKERS1" up
    ;;
dlr)
    # DLR
    : "${TRANSIT:?the interface on the transit network}"
    : "${VXLAN1:?the interface on the VXLAN of vm-web}"
    : "${VXLAN2:?the interface on the VXLAN of vm-db}"
    ip address replace 172.24.19.2/29 dev "$TRANSIT"  # transit
    ip address replace 172.24.17.1/24 dev "$VXLAN1"  # gateway of vm-web
    ip address replace 172.24.16.1/26 dev "$VXLAN2"  # gateway of vm-db
    ip link set "$TRANSIT" up
    ip link set "$VXLAN1" up
    ip link set "$VXLAN2" up
    ;;
vms-in-vm-web-1)
    # VMs in vm-web, 1
    : "${INTERFACE:?the interface on the VXLAN}"
    ip address replace 172.24.17.2/24 dev "$INTERFACE"  # vm-web, an example
    ip link set "$INTERFACE" up
    ;;
vms-in-vm-db-1)
    # VMs in vm-db, 1
    : "${INTERFACE:?the interface on the VXLAN}"
    ip address replace 172.24.16.2/26 dev "$INTERFACE"  # vm-db, an example
    ip link set "$INTERFACE" up
    ;;
icp-workers-of-icp-prod-1)
    # ICP workers of icp-prod, 1
    : "${PRIVATE:?the interface on the private network}"
    ip address replace 172.24.18.12/27 dev "$PRIVATE"  # strongswan of icp-workers
    ip address replace 172.24.18.10/27 dev "$PRIVATE"  # master-vip of icp-workers
    ip address replace 172.24.18.11/27 dev "$PRIVATE"  # proxy-vip of icp-workers
    ip link set "$PRIVATE" up
    ;;
iks-workers-of-iks-prod-1)
    # IKS workers of iks-prod, 1
    : "${PRIVATE:?the interface on the private network}"
    : "${PUBLIC:?the interface on the public network}"
    ip address replace 10.171.42.130/26 dev "$PRIVATE"  # iks-workers-private, an example
    ip address replace 169.46.27.50/28 dev "$PUBLIC"  # iks-workers-public, an example
    ip link set "$PRIVATE" up
    ip link set "$PUBLIC" up
    ;;
iks-workers-of-iks-prod-2)
    # IKS workers of iks-prod, 2
    : "${PRIVATE:?the interface on the private network}"
    : "${PUBLIC:?the interface on the public network}"
    ip address replace 10.171.42.131/26 dev "$PRIVATE"  # iks-workers-private, an example
    ip address replace 169.46.27.51/28 dev "$PUBLIC"  # iks-workers-public, an example
    ip link set "$PRIVATE" up
    ip link set "$PUBLIC" up
    ;;
iks-workers-of-iks-prod-3)
    # IKS workers of iks-prod, 3
    : "${PRIVATE:?the interface on the private network}"
    : "${PUBLIC:?the interface on the public network}"
    ip address replace 10.171.42.132/26 dev "$PRIVATE"  # iks-workers-private, an example
    ip address replace 169.46.27.52/28 dev "$PUBLIC"  # iks-workers-public, an example
    ip link set "$PRIVATE" up
    ip link set "$PUBLIC" up
    ;;
iks-workers-of-iks-prod-4)
    # IKS workers of iks-prod, 4
    : "${PRIVATE:?the interface on the private network}"
    : "${PUBLIC:?the interface on the public network}"
    ip address replace 10.171.42.133/26 dev "$PRIVATE"  # iks-workers-private, an example
    ip address replace 169.46.27.53/28 dev "$PUBLIC"  # iks-workers-public, an example
    ip link set "$PRIVATE" up
    ip link set "$PUBLIC" up
    ;;
iks-workers-of-iks-prod-5)
    # IKS workers of iks-prod, 5
    : "${PRIVATE:?the interface on the private network}"
    : "${PUBLIC:?the interface on the public network}"
    ip address replace 10.171.42.134/26 dev "$PRIVATE"  # iks-workers-private, an example
    ip address replace 169.46.27.54/28 dev "$PUBLIC"  # iks-workers-public, an example
    ip link set "$PRIVATE" up
    ip link set "$PUBLIC" up
    ;;
iks-workers-of-iks-prod-6)
    # IKS workers of iks-prod, 6
    : "${PRIVATE:?the interface on the private network}"
    : "${PUBLIC:?the interface on the public network}"
    ip address replace 10.171.42.135/26 dev "$PRIVATE"  # iks-workers-private, an example
    ip address replace 169.46.27.55/28 dev "$PUBLIC"  # iks-workers-public, an example
    ip link set "$PRIVATE" up
    ip link set "$PUBLIC" up
    ;;
iks-workers-of-iks-prod-7)
    # IKS workers of iks-prod, 7
    : "${PRIVATE:?the interface on the private network}"
    : "${PUBLIC:?the interface on the public network}"
    ip address replace 10.171.42.136/26 dev "$PRIVATE"  # iks-workers-private, an example
    ip address replace 169.46.27.56/28 dev "$PUBLIC"  # iks-workers-public, an example
    ip link set "$PRIVATE" up
    ip link set "$PUBLIC" up
    ;;
iks-workers-of-iks-prod-8)
    # IKS workers of iks-prod, 8
    : "${PRIVATE:?the interface on the private network}"
    : "${PUBLIC:?the interface on the public network}"
    ip address replace 10.171.42.137/26 dev "$PRIVATE"  # iks-workers-private, an example
    ip address replace 169.46.27.57/28 dev "$PUBLIC"  # iks-workers-public, an example
    ip link set "$PRIVATE" up
    ip link set "$PUBLIC" up
    ;;
iks-workers-of-iks-prod-9)
    # IKS workers of iks-prod, 9
    : "${PRIVATE:?the interface on the private network}"
    : "${PUBLIC:?the interface on the public network}"
    ip address replace 10.171.42.138/26 dev "$PRIVATE"  # iks-workers-private, an example
    ip address replace 169.46.27.58/28 dev "$PUBLIC"  # iks-workers-public, an example
    ip link set "$PRIVATE" up
    ip link set "$PUBLIC" up
    ;;
iks-workers-of-iks-prod-10)
    # IKS workers of iks-prod, 10
    : "${PRIVATE:?the interface on the private network}"
    : "${PUBLIC:?the interface on the public network}"
    ip address replace 10.171.42.139/26 dev "$PRIVATE"  # iks-workers-private, an example
    ip address replace 169.46.27.59/28 dev "$PUBLIC"  # iks-workers-public, an example
    ip link set "$PRIVATE" up
    ip link set "$PUBLIC" up
    ;;
bcr)
    # BCR
    : "${VLAN1:?the interface on the VLAN of iks-ingress-private}"
    : "${VLAN2:?the interface on the VLAN of iks-workers-private}"
    : "${VLAN3:?the interface on the VLAN of hosts-private}"
    : "${VLAN4:?the interface on the VLAN of esg-private}"
    : "${VLAN5:?the interface on the VLAN of management}"
    : "${VLAN6:?the interface on the VLAN of vtep}"
    : "${VLAN7:?the interface on the VLAN of vmotion}"
    : "${VLAN8:?the interface on the VLAN of vsan}"
    : "${VLAN9:?the interface on the VLAN of nfs}"
    ip address replace 10.171.87.65/29 dev "$VLAN1"  # gateway of iks-ingress-private
    ip address replace 10.171.42.129/26 dev "$VLAN2"  # gateway of iks-workers-private
    ip address replace 10.176.18.1/26 dev "$VLAN3"  # gateway of hosts-private
    ip address replace 10.176.18.193/27 dev "$VLAN4"  # gateway of esg-private
    ip address replace 10.176.18.65/26 dev "$VLAN5"  # gateway of management
    ip address replace 10.176.18.129/26 dev "$VLAN6"  # gateway of vtep
    ip address replace 10.176.90.1/26 dev "$VLAN7"  # gateway of vmotion
    ip address replace 10.176.90.65/26 dev "$VLAN8"  # gateway of vsan
    ip address replace 10.176.90.129/26 dev "$VLAN9"  # gateway of nfs
    ip link set "$VLAN1" up
    ip link set "$VLAN2" up
    ip link set "$VLAN3" up
    ip link set "$VLAN4" up
    ip link set "$VLAN5" up
    ip link set "$VLAN6" up
    ip link set "$VLAN7" up
    ip link set "$VLAN8" up
    ip link set "$VLAN9" up
    ;;
fcr)
    # FCR
    : "${VLAN1:?the interface on the VLAN of iks-ingress-public}"
    : "${VLAN2:?the interface on the VLAN of iks-workers-public}"
    : "${VLAN3:?the interface on the VLAN of hosts-public}"
    : "${VLAN4:?the interface on the VLAN of esg-public}"
    ip address replace 169.46.49.33/29 dev "$VLAN1"  # gateway of iks-ingress-public
    ip address replace 169.46.27.49/28 dev "$VLAN2"  # gateway of iks-workers-public
    ip address replace 169.46.60.97/27 dev "$VLAN3"  # gateway of hosts-public
    ip address replace 169.46.73.17/28 dev "$VLAN4"  # gateway of esg-public
    ip link set "$VLAN1" up
    ip link set "$VLAN2" up
    ip link set "$VLAN3" up
    ip link set "$VLAN4" up
    ;;
on-premises-router)
    # on-premises router
    : "${LAN1:?the interface in the network of office}"
    : "${STRETCHED1:?the interface in the stretched network of vm-web}"
    ip address replace 192.168.64.1/20 dev "$LAN1"  # gateway of office
    ip address replace 172.24.17.254/24 dev "$STRETCHED1"  # in vm-web, stretched
    ip link set "$LAN1" up
    ip link set "$STRETCHED1" up
    ;;
*)
    echo 'usage: sh FILE DEVICE, one of: esg, dlr, vms-in-vm-web-1, vms-in-vm-db-1, icp-workers-of-icp-prod-1, iks-workers-of-iks-prod-1, iks-workers-of-iks-prod-2, iks-workers-of-iks-prod-3, iks-workers-of-iks-prod-4, iks-workers-of-iks-prod-5, iks-workers-of-iks-prod-6, iks-workers-of-iks-prod-7, iks-workers-of-iks-prod-8, iks-workers-of-iks-prod-9, iks-workers-of-iks-prod-10, bcr, fcr, on-premises-router' >&2
    exit 2
    ;;
esac
