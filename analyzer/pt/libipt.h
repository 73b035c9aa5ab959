/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one place that includes libipt's header, for the files here and for tests.
 *
 * Every function of libipt is weak: it is NULL where the program was linked without libipt (there is no static one to link
 * reblock-static with) or where the library is older than the header. Ask pt_has_backend before calling any.
 *
 * libipt has a struct pt_config, pt_event and pt_image too: here they are struct libipt_config, libipt_event and libipt_image.
 */
#ifndef PT_LIBIPT_H
#define PT_LIBIPT_H

#ifdef REBLOCK_LIBIPT

#define pt_config libipt_config
#define pt_event libipt_event
#define pt_event_type libipt_event_type
#define pt_image libipt_image
#include <intel-pt.h>
#undef pt_image
#undef pt_config
#undef pt_event
#undef pt_event_type

/* Since 2.1. */
#define PT_LIBIPT_EVENTS (LIBIPT_VERSION >= 0x201)

#pragma weak pt_library_version
#pragma weak pt_alloc_encoder
#pragma weak pt_free_encoder
#pragma weak pt_enc_next
#pragma weak pt_enc_get_offset
#pragma weak pt_pkt_alloc_decoder
#pragma weak pt_pkt_free_decoder
#pragma weak pt_pkt_sync_set
#pragma weak pt_pkt_get_offset
#pragma weak pt_pkt_next
#pragma weak pt_blk_alloc_decoder
#pragma weak pt_blk_free_decoder
#pragma weak pt_blk_get_image
#pragma weak pt_blk_get_offset
#pragma weak pt_blk_sync_set
#pragma weak pt_blk_next
#pragma weak pt_blk_event
#pragma weak pt_blk_set_image
#pragma weak pt_image_alloc
#pragma weak pt_image_free
#pragma weak pt_image_add_cached
#pragma weak pt_image_set_callback
#pragma weak pt_iscache_alloc
#pragma weak pt_iscache_free
#pragma weak pt_iscache_set_limit
#pragma weak pt_iscache_add_file
#if PT_LIBIPT_EVENTS
#pragma weak pt_evt_alloc_decoder
#pragma weak pt_evt_free_decoder
#pragma weak pt_evt_sync_set
#pragma weak pt_evt_get_offset
#pragma weak pt_evt_next
#endif

#endif
#endif
