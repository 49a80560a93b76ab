#!/bin/sh
# routes of a Linux machine that replaces a device
# written by ipplan VERSION from plan reference-architecture, IBM Cloud ranges of 2025-10-03
# Run it as: sh FILE DEVICE
set -eu
case "${1:-}" in
esg)
    # ESG
    ip route replace 0.0.0.0/0 via 169.46.73.17  # FCR: the internet
    ip route replace 10.0.0.0/8 via 10.176.18.193  # BCR: IBM Cloud's private network, as on every classic server
    ip route replace 161.26.0.0/16 via 10.176.18.193  # BCR: IBM Cloud's private network, as on every classic server
    ip route replace 166.8.0.0/14 via 10.176.18.193  # BCR: IBM Cloud's private network, as on every classic server
    # 169.46.73.16/28 towards VLAN: connected; esg-public
    # 10.176.18.192/27 towards VLAN: connected; esg-private
    # 172.24.19.0/29 towards transit: connected; transit
    ip route replace 172.24.16.0/23 via 172.24.19.2  # DLR: vm-web, vm-db
    # 172.24.18.0/27 towards VXLAN: connected; gateway of icp-workers
    # 10.171.42.128/26 towards strongSwan: IPsec policy; the tunnel to cluster iks-prod
    # 172.21.0.0/16 towards strongSwan: IPsec policy; the tunnel to cluster iks-prod
    # 172.30.0.0/16 towards strongSwan: IPsec policy; the tunnel to cluster iks-prod
    :
    ;;
dlr)
    # DLR
    ip route replace 0.0.0.0/0 via 172.24.19.1  # ESG: everything else
    ip route replace 192.168.64.0/20 via 172.24.17.254  # on-premises router: site enterprise, over the stretched network vm-web
    # 172.24.19.0/29 towards transit: connected; transit
    # 172.24.17.0/24 towards VXLAN: connected; gateway of vm-web
    # 172.24.16.0/26 towards VXLAN: connected; gateway of vm-db
    :
    ;;
vms-in-vm-web)
    # VMs in vm-web
    ip route replace 0.0.0.0/0 via 172.24.17.1  # DLR: everything else, from vm-web
    :
    ;;
vms-in-vm-db)
    # VMs in vm-db
    ip route replace 0.0.0.0/0 via 172.24.16.1  # DLR: everything else, from vm-db
    :
    ;;
icp-workers-of-icp-prod)
    # ICP workers of icp-prod
    # 10.171.42.128/26 towards strongSwan: strongSwan chart; through the tunnel to cluster iks-prod
    # 172.21.0.0/16 towards strongSwan: strongSwan chart; through the tunnel to cluster iks-prod
    # 172.30.0.0/16 towards strongSwan: strongSwan chart; through the tunnel to cluster iks-prod
    ip route replace 0.0.0.0/0 via 172.24.18.1  # ESG: everything else, from icp-workers
    :
    ;;
iks-workers-of-iks-prod)
    # IKS workers of iks-prod
    # 172.24.16.0/23 towards strongSwan: strongSwan chart; through the tunnel to the edge
    # 10.224.0.0/16 towards strongSwan: strongSwan chart; through the tunnel to cluster icp-prod
    # 10.225.0.0/23 towards strongSwan: strongSwan chart; through the tunnel to cluster icp-prod
    # 172.24.18.0/27 towards strongSwan: strongSwan chart; through the tunnel to cluster icp-prod
    # 10.0.0.0/8 towards BCR: preconfigured; IBM Cloud's private network, as on every classic server
    # 161.26.0.0/16 towards BCR: preconfigured; IBM Cloud's private network, as on every classic server
    # 166.8.0.0/14 towards BCR: preconfigured; IBM Cloud's private network, as on every classic server
    # 0.0.0.0/0 towards FCR: preconfigured; the internet
    :
    ;;
bcr)
    # BCR
    # 10.171.87.64/29 towards VLAN: connected; gateway of iks-ingress-private
    # 10.171.42.128/26 towards VLAN: connected; gateway of iks-workers-private
    # 10.176.18.0/26 towards VLAN: connected; gateway of hosts-private
    # 10.176.18.192/27 towards VLAN: connected; gateway of esg-private
    # 10.176.18.64/26 towards VLAN: connected; gateway of management
    # 10.176.18.128/26 towards VLAN: connected; gateway of vtep
    # 10.176.90.0/26 towards VLAN: connected; gateway of vmotion
    # 10.176.90.64/26 towards VLAN: connected; gateway of vsan
    # 10.176.90.128/26 towards VLAN: connected; gateway of nfs
    :
    ;;
fcr)
    # FCR
    # 169.46.49.32/29 towards VLAN: connected; gateway of iks-ingress-public
    # 169.46.27.48/28 towards VLAN: connected; gateway of iks-workers-public
    # 169.46.60.96/27 towards VLAN: connected; gateway of hosts-public
    # 169.46.73.16/28 towards VLAN: connected; gateway of esg-public
    # 0.0.0.0/0 towards internet: preconfigured; the internet
    # ::/0 towards internet: preconfigured; the internet
    :
    ;;
on-premises-router)
    # on-premises router
    # 192.168.64.0/20 towards LAN: connected; gateway of office
    # 172.24.17.0/24 towards L2 concentrator: stretched network; vm-web, where it is stretched
    # 172.24.16.0/26 towards L2 concentrator: stretched network; vm-db, where it is stretched
    # 0.0.0.0/0 towards internet: preconfigured; the internet
    :
    ;;
*)
    echo 'usage: sh FILE DEVICE, one of: esg, dlr, vms-in-vm-web, vms-in-vm-db, icp-workers-of-icp-prod, iks-workers-of-iks-prod, bcr, fcr, on-premises-router' >&2
    exit 2
    ;;
esac
