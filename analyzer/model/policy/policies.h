/* SPDX-License-Identifier: BSD-2-Clause */
/* All models, each in the file of its name. */
#ifndef POLICY_POLICIES_H
#define POLICY_POLICIES_H

#include "model/policy/steps.h"

extern const struct reblock_policy reblock_policy_sdm;
extern const struct reblock_policy reblock_policy_kvm;
extern const struct reblock_policy reblock_policy_kvm_before_notify;
extern const struct reblock_policy reblock_policy_kvm_before_2d6144e366fb;
extern const struct reblock_policy reblock_policy_kvm_before_bcd1c2949501;
extern const struct reblock_policy reblock_policy_kvm_before_0be9c7a89f75;
extern const struct reblock_policy reblock_policy_kvm_before_7b4a25cb296e;
extern const struct reblock_policy reblock_policy_xen;
extern const struct reblock_policy reblock_policy_xen_before_d329b37d12;
extern const struct reblock_policy reblock_policy_bhyve;
extern const struct reblock_policy reblock_policy_bhyve_before_160471d264f7;
extern const struct reblock_policy reblock_policy_virtualbox;
extern const struct reblock_policy reblock_policy_bitvisor;
extern const struct reblock_policy reblock_policy_ikgt;
extern const struct reblock_policy reblock_policy_openvmm_tdx;
extern const struct reblock_policy reblock_policy_hvf;
extern const struct reblock_policy reblock_policy_dragonos;
extern const struct reblock_policy reblock_policy_nvmm;
extern const struct reblock_policy reblock_policy_napoca;
extern const struct reblock_policy reblock_policy_acrn;
extern const struct reblock_policy reblock_policy_uvmm;
extern const struct reblock_policy reblock_policy_unaware;
extern const struct reblock_policy reblock_policy_passthrough;
extern const struct reblock_policy reblock_policy_haxm;

#endif
