/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CRC32C (polynomial 0x1EDC6F41, bit-reversed 0x82F63B78).
 *
 * On x86-64 the processor's CRC32 instruction does it. One such instruction takes three cycles
 * and a new one can start in each, so long data goes as three streams side by side, which
 * a carry-less multiplication joins. Elsewhere eight tables take eight bytes at a step.
 */
#include <string.h>
#include <reblock/trace.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/*
 * A CRC is linear: the entry for a byte is the exclusive or of those for its bits. So each table
 * stands here as its eight one-bit entries and the compiler makes the rest.
 */
#define BIT(n, b, x) (((n) >> (b)) & 1 ? (x) : 0u)
#define E0(n) \
	(BIT(n, 0, 0xf26b8303) ^ BIT(n, 1, 0xe13b70f7) ^ BIT(n, 2, 0xc79a971f) ^ \
	 BIT(n, 3, 0x8ad958cf) ^ BIT(n, 4, 0x105ec76f) ^ BIT(n, 5, 0x20bd8ede) ^ \
	 BIT(n, 6, 0x417b1dbc) ^ BIT(n, 7, 0x82f63b78))
#define E1(n) \
	(BIT(n, 0, 0x13a29877) ^ BIT(n, 1, 0x274530ee) ^ BIT(n, 2, 0x4e8a61dc) ^ \
	 BIT(n, 3, 0x9d14c3b8) ^ BIT(n, 4, 0x3fc5f181) ^ BIT(n, 5, 0x7f8be302) ^ \
	 BIT(n, 6, 0xff17c604) ^ BIT(n, 7, 0xfbc3faf9))
#define E2(n) \
	(BIT(n, 0, 0xa541927e) ^ BIT(n, 1, 0x4f6f520d) ^ BIT(n, 2, 0x9edea41a) ^ \
	 BIT(n, 3, 0x38513ec5) ^ BIT(n, 4, 0x70a27d8a) ^ BIT(n, 5, 0xe144fb14) ^ \
	 BIT(n, 6, 0xc76580d9) ^ BIT(n, 7, 0x8b277743))
#define E3(n) \
	(BIT(n, 0, 0xdd45aab8) ^ BIT(n, 1, 0xbf672381) ^ BIT(n, 2, 0x7b2231f3) ^ \
	 BIT(n, 3, 0xf64463e6) ^ BIT(n, 4, 0xe964b13d) ^ BIT(n, 5, 0xd725148b) ^ \
	 BIT(n, 6, 0xaba65fe7) ^ BIT(n, 7, 0x52a0c93f))
#define E4(n) \
	(BIT(n, 0, 0x38116fac) ^ BIT(n, 1, 0x7022df58) ^ BIT(n, 2, 0xe045beb0) ^ \
	 BIT(n, 3, 0xc5670b91) ^ BIT(n, 4, 0x8f2261d3) ^ BIT(n, 5, 0x1ba8b557) ^ \
	 BIT(n, 6, 0x37516aae) ^ BIT(n, 7, 0x6ea2d55c))
#define E5(n) \
	(BIT(n, 0, 0xef306b19) ^ BIT(n, 1, 0xdb8ca0c3) ^ BIT(n, 2, 0xb2f53777) ^ \
	 BIT(n, 3, 0x6006181f) ^ BIT(n, 4, 0xc00c303e) ^ BIT(n, 5, 0x85f4168d) ^ \
	 BIT(n, 6, 0x0e045beb) ^ BIT(n, 7, 0x1c08b7d6))
#define E6(n) \
	(BIT(n, 0, 0x68032cc8) ^ BIT(n, 1, 0xd0065990) ^ BIT(n, 2, 0xa5e0c5d1) ^ \
	 BIT(n, 3, 0x4e2dfd53) ^ BIT(n, 4, 0x9c5bfaa6) ^ BIT(n, 5, 0x3d5b83bd) ^ \
	 BIT(n, 6, 0x7ab7077a) ^ BIT(n, 7, 0xf56e0ef4))
#define E7(n) \
	(BIT(n, 0, 0x493c7d27) ^ BIT(n, 1, 0x9278fa4e) ^ BIT(n, 2, 0x211d826d) ^ \
	 BIT(n, 3, 0x423b04da) ^ BIT(n, 4, 0x847609b4) ^ BIT(n, 5, 0x0d006599) ^ \
	 BIT(n, 6, 0x1a00cb32) ^ BIT(n, 7, 0x34019664))
#define ROW4(e, n) e(n), e((n) + 1), e((n) + 2), e((n) + 3)
#define ROW16(e, n) ROW4(e, n), ROW4(e, (n) + 4), ROW4(e, (n) + 8), ROW4(e, (n) + 12)
#define ROW64(e, n) ROW16(e, n), ROW16(e, (n) + 16), ROW16(e, (n) + 32), ROW16(e, (n) + 48)
#define TABLE(e) ROW64(e, 0u), ROW64(e, 64u), ROW64(e, 128u), ROW64(e, 192u)

/* table[k][b]: what byte b does to the CRC when k more bytes follow. */
static const uint32_t table[8][256] = {
#ifndef __clang_analyzer__ /* it takes half a minute over all these terms */
	{ TABLE(E0) }, { TABLE(E1) }, { TABLE(E2) }, { TABLE(E3) },
	{ TABLE(E4) }, { TABLE(E5) }, { TABLE(E6) }, { TABLE(E7) }
#endif
};

static uint32_t crc_table(uint32_t crc, const unsigned char *p, size_t size)
{
	for (; size >= 8; size -= 8, p += 8) {
		uint32_t low = crc ^ ((uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
				      (uint32_t)p[3] << 24);

		crc = table[7][low & 0xff] ^ table[6][low >> 8 & 0xff] ^
		      table[5][low >> 16 & 0xff] ^ table[4][low >> 24] ^ table[3][p[4]] ^
		      table[2][p[5]] ^ table[1][p[6]] ^ table[0][p[7]];
	}
	while (size--)
		crc = crc >> 8 ^ table[0][(crc ^ *p++) & 0xff];
	return crc;
}

#if defined(__x86_64__)

/* Bytes of each of the three streams, and x^(8n - 33) mod P for n = 1 and 2 streams after. */
#define STREAM 1024
#define SHIFT_1 0x170076fau
#define SHIFT_2 0xa51b6135u

static inline uint64_t load64(const unsigned char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* The CRC after as many zero bytes as FACTOR stands for. */
__attribute__((target("sse4.2,pclmul"))) static inline uint64_t shifted(uint64_t crc,
									uint32_t factor)
{
	__m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128((long long)crc),
					       _mm_cvtsi32_si128((int)factor), 0);

	return _mm_crc32_u64(0, (uint64_t)_mm_cvtsi128_si64(product));
}

__attribute__((target("sse4.2,pclmul"))) static uint32_t crc_hardware(uint32_t crc,
								      const unsigned char *p,
								      size_t size)
{
	uint64_t a = crc;

	for (; size >= 3 * STREAM; size -= 3 * STREAM, p += 3 * STREAM) {
		uint64_t b = 0, c = 0;

		for (size_t i = 0; i < STREAM; i += 8) {
			a = _mm_crc32_u64(a, load64(p + i));
			b = _mm_crc32_u64(b, load64(p + STREAM + i));
			c = _mm_crc32_u64(c, load64(p + 2 * (size_t)STREAM + i));
		}
		a = shifted(a, SHIFT_2) ^ shifted(b, SHIFT_1) ^ c;
	}
	for (; size >= 8; size -= 8, p += 8)
		a = _mm_crc32_u64(a, load64(p));
	while (size--)
		a = _mm_crc32_u8((uint32_t)a, *p++);
	return (uint32_t)a;
}

#endif

uint32_t reblock_crc32c(uint32_t crc, const void *data, size_t size)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul"))
		return ~crc_hardware(~crc, data, size);
#endif
	return ~crc_table(~crc, data, size);
}
