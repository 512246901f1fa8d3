package statemachine

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// TestScriptsAsRedis runs scripts whose result, or whose error, is easily got wrong.
func TestScriptsAsRedis(t *testing.T) {
	r, h := startRedis(t), newHarness(t)
	for line := range strings.Lines(differentialScripts) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		args := [][]byte{[]byte("EVAL"), []byte(line), []byte("2"), []byte("k1"), []byte("k2"), []byte("10"), []byte("abc")}
		want := render(r.do(args))
		if got := h.apply(1, AppendCommand(nil, h.db, args))[0]; got != want {
			t.Errorf("%s\n  replied        %s\n  redis-server's %s", line, got, want)
		}
	}
}

// TestTablesAsRedis goes through tables with random keys that come and go: pairs and # tell how they lie.
func TestTablesAsRedis(t *testing.T) {
	r, h := startRedis(t), newHarness(t)
	rng := rand.New(rand.NewPCG(5, 6))
	key := func() string {
		switch rng.IntN(8) {
		case 0:
			return fmt.Sprintf("'%s'", strings.Repeat(pickWord(rng, "a", "key:", "long"), 1+rng.IntN(20)))
		case 1:
			return fmt.Sprintf("%g", rng.NormFloat64()*100)
		case 2:
			return pickWord(rng, "true", "false", "0", "-1", "2^31", "2^53", "1e15", "0.5")
		case 3, 4:
			return fmt.Sprintf("'k%d'", rng.IntN(30))
		}
		return fmt.Sprint(1 + rng.IntN(20))
	}
	for range 400 {
		var code strings.Builder
		fmt.Fprintf(&code, "local t = {%s}\n", pickWord(rng, "", "1, 2, 3", "a = 1, b = 2, 5", "nil, nil, 3", "x = 1, y = 2, z = 3, u = 4, v = 5"))
		for range rng.IntN(60) {
			fmt.Fprintf(&code, "t[%s] = %s\n", key(), pickWord(rng, "1", "2", "nil", "'x'"))
		}
		code.WriteString("local r = {#t} for k, v in pairs(t) do r[#r + 1] = tostring(k) .. '=' .. tostring(v) end return r")
		r.same(h, [][]byte{[]byte("EVAL"), []byte(code.String()), []byte("0")})
	}
}

// TestPatternsInScriptsAsRedis matches random patterns, malformed ones too.
func TestPatternsInScriptsAsRedis(t *testing.T) {
	r, h := startRedis(t), newHarness(t)
	rng := rand.New(rand.NewPCG(7, 8))
	draw := func(n int, of ...string) string {
		var b strings.Builder
		for range rng.IntN(n) {
			b.WriteString(of[rng.IntN(len(of))])
		}
		return b.String()
	}
	const body = `local s, p = ARGV[1], ARGV[2]
local r = {}
for _, f in ipairs({string.find, string.match, function(s, p) return string.gsub(s, p, '<%0>') end,
	function(s, p) local t = {} for a, b in string.gmatch(s, p) do t[#t + 1] = tostring(a) .. tostring(b) end return table.concat(t, ',') end}) do
	local all = {pcall(f, s, p)}
	for i = 1, 5 do r[#r + 1] = tostring(all[i]) end
end
return r`
	for range 3000 {
		s := draw(12, "a", "b", "ab", "1", " ", "(", ")", "%", "-", "X", "\x00")
		p := draw(8, "a", "b", ".", "%a", "%d", "%s", "%W", "(", ")", "()", "*", "+", "-", "?", "[ab]", "[^a]", "[a-z]", "[%d%s]", "%b()", "%f[%w]", "^", "$", "%1", "%", "[", "x-", "%z")
		r.same(h, [][]byte{[]byte("EVAL"), []byte(body), []byte("0"), []byte(s), []byte(p)})
	}
}

// TestNumbersInScriptsAsRedis formats and reads numbers of all forms and sizes.
func TestNumbersInScriptsAsRedis(t *testing.T) {
	withoutRaceDetector(t)
	r, h := startRedis(t), newHarness(t)
	rng := rand.New(rand.NewPCG(9, 10))
	const body = `local n = tonumber(ARGV[1])
local r = {tostring(n), tostring(tonumber(ARGV[1], 16)), tostring(tonumber(ARGV[1], 36))}
if n and n == n then
	for _, f in ipairs({'%d', '%5.1f', '%g', '%e', '%x', '%.14g', '%10.3g', '%+d', '%05d', '%u', '%.3d', '%#x', '% d', '%-8d|', '%G', '%.0f', '%.20f', '%o', '%i', '%c'}) do
		if f ~= '%c' or n >= 0 and n < 256 then r[#r + 1] = string.format(f, n) end
	end
	r[#r + 1] = tostring(n % 7) r[#r + 1] = tostring(-n % 3.5) r[#r + 1] = tostring(n / 3) r[#r + 1] = tostring(math.floor(n)) r[#r + 1] = tostring(n * 1e5)
	r[#r + 1] = n
	r[#r + 1] = cjson.encode({n, n / 7}) r[#r + 1] = cmsgpack.pack(n) r[#r + 1] = struct.pack('<dlhb', n, n, n, n) r[#r + 1] = tostring(n .. '')
	for _, f in ipairs({'sin', 'cos', 'tan', 'exp', 'log', 'log10', 'atan', 'sinh', 'cosh', 'tanh', 'sqrt', 'asin', 'acos', 'ceil', 'abs', 'deg'}) do
		local x = math[f](n)
		if x == x then r[#r + 1] = string.format('%.13g', x) end
	end
	if n > 0 then r[#r + 1] = string.format('%.13g %.13g', n ^ 0.7, n ^ 3) end
	if math.abs(n) < 2 ^ 51 then r[#r + 1] = bit.tohex(n) r[#r + 1] = bit.bnot(n) r[#r + 1] = bit.lshift(n, 3) end
end
return r`
	for range 3000 {
		text := ""
		switch rng.IntN(6) {
		case 0:
			text = fmt.Sprint(rng.IntN(2000) - 1000)
		case 1:
			text = strconv.FormatFloat(rng.NormFloat64()*math.Pow(10, float64(rng.IntN(40)-20)), 'g', -1, 64)
		case 2:
			text = fmt.Sprint(rng.Int64N(1<<62) >> rng.IntN(60))
		case 3:
			text = pickWord(rng, "", " ", "0x", "0x1f", "0X1.8p3", "1e", "1e+", ".", "-.5", "5.", "inf", "-inf", "010", "1_0", " 12 ", "1 2", "--1", "+7", "0b1", "1e400", "-1e-400", "zz", "0xg", "9007199254740993", "infinity", "0x.8", "-0")
		default:
			text = fmt.Sprintf("%s%d.%de%d", pickWord(rng, "", "-", "+"), rng.IntN(100), rng.IntN(1000), rng.IntN(40)-20)
		}
		r.same(h, [][]byte{[]byte("EVAL"), []byte(body), []byte("0"), []byte(text)})
	}
}

const differentialScripts = `
return 1
return x
x=1
return redis.call('nosuch')
return redis.call('get')
return redis.call()
return redis.pcall()
return redis.call({})
return redis.call('subscribe','x')
return redis.call('multi')
return redis.pcall('get')
error('boom')
error({err='My Err'})
error(12)
return {err='x'}
return redis.error_reply('x y')
return redis.error_reply('-x y')
return redis.error_reply('x')
return redis.error_reply({})
return redis.status_reply('fine')
local a = nil; return a.b
local a = {}; return a.b.c
local a = {}; return a[1].c
local a={} a.foo()
local a={} a[1]()
local a={} a:foo()
local s='x' return s+1
local t={} return t.x+1
local t={} return 1-t.x
local t={} return -t
return {} + 1
return 'a'..{}
local x return 'a'..x
local x return x..'a'
local t={} return 'a'..t.x..'b'
return #nil
local n return #n
return 1<'x'
return {}<{}
return nil > nil
return 1 <= nil
return table.concat({1,{},3})
local function f() return f() + 1 end return f()
return string.rep('x',-1)
redis.foo=1
redis.call=1
rawset(_G,'x',1)
setmetatable(_G,{})
return redis.setresp(4)
redis.setresp()
redis.log()
redis.log(7,'x')
redis.log('a','x')
return redis.sha1hex('')
return redis.sha1hex()
return redis.sha1hex(12)
return tostring(redis.set_repl(1))
return redis.set_repl(99)
return redis.set_repl()
return tostring(redis.replicate_commands())
return tostring(redis.breakpoint())
redis.debug('x')
return redis.acl_check_cmd('get','x')
return redis.acl_check_cmd('nosuch')
return redis.pcall('xread','block','0','streams','s','$')
return redis.pcall('XREADGROUP','group','g','c','block','0','streams','s','>')
return redis.pcall('nosuch')['err']
local r=redis.pcall('nosuch') local t={} for k,v in pairs(r) do t[#t+1]=k..'='..tostring(v) end table.sort(t) return t
local ok,r=pcall(redis.call,'nosuch') return {tostring(ok),r}
local ok,r=pcall(error,'x') return {tostring(ok),r}
local ok,r=pcall(error,{err='E x'}) return {tostring(ok),r}
local ok,r=pcall(error,{1,2}) return {tostring(ok),r}
local ok,r=pcall(function() local x=nil; x.y=1 end) return {tostring(ok),r}
return {xpcall(function() error('q') end, function(m) return 'H:'..m end)}
return {xpcall(function() return 1,2 end, 1)}
return {1,2,nil,4}
return {1.9,-1.9,'x',true,false,{ok='fine'},{err='bad'}}
return 1e20
return -1e20
return 0/0
return {double=1.5}
return {map={a=1}}
return
return print
return coroutine.wrap(function() return 5 end)()
return {KEYS[1],KEYS[2],KEYS[3] or 'none',ARGV[1],ARGV[2],#KEYS,#ARGV}
return ARGV[1]+1
return ARGV[2]+1
for i=1,ARGV[1] do redis.call('incr','n') end return redis.call('get','n')
return cjson.encode({1,2,{a=1},cjson.null,'x/y"\\\t\127é'})
return cjson.encode({})
return cjson.encode(0/0)
return cjson.encode({[1]=1,[20]=2})
return cjson.encode({[1]=1,[3]=2})
return cjson.encode({[{}]=1})
return cjson.encode(function() end)
local t={} t.t=t return cjson.encode(t)
return cjson.encode(1e100)
return cjson.encode(0.1)
return cjson.encode(1/3)
return cjson.encode()
return cjson.encode(1,2)
return cjson.decode('')
return cjson.decode('[1,2')
return cjson.decode('{"a":}')
return cjson.decode('[1,2]x')
return cjson.decode('{"a" 1}')
return cjson.decode('{a:1}')
return cjson.decode('[1 2]')
return cjson.decode('"\\u00e9\\ud83d\\ude00"')
return cjson.decode('"\\ud83d"')
return cjson.decode('"\\q"')
return cjson.decode('"abc')
return cjson.decode(string.rep('[',1001))
return tostring(cjson.decode('0x10'))
return tostring(cjson.decode('01'))
return cjson.decode(nil)
return cjson.decode(5)
return tostring(cjson.null)
return tostring(cjson.decode('null')==cjson.null)
return cjson.decode('tru')
return {cjson.encode_sparse_array()}
return {cjson.encode_invalid_numbers(),cjson.decode_invalid_numbers(),cjson.encode_number_precision(),cjson.encode_keep_buffer(),cjson.decode_max_depth()}
return cjson.encode_number_precision(20)
return cjson.encode({a=1,[5]=2})
return cjson.encode({true,false})
return cjson.decode('[1,2,')
return cjson.decode('1.')
return cjson.decode('-')
return cjson.decode(' 12 ')
return cjson.decode('{"a":1,}')
return cjson.encode_number_precision('a')
return cjson.encode_invalid_numbers('x')
return cjson.encode_sparse_array(1,2,3,4)
cjson.encode_invalid_numbers(true) local r=cjson.encode({0/0,1/0,-1/0}) cjson.encode_invalid_numbers(false) return r
cjson.encode_invalid_numbers('null') local r=cjson.encode({0/0,1/0,-1/0}) cjson.encode_invalid_numbers(false) return r
return cjson.encode(cjson.decode('{"z":1,"y":[1,2,{"x":null}],"w":"s","v":true,"u":{},"t":[]}'))
return cjson.encode({a=1,b=2,c=3,d={e=1,f=2,g=3},h='x',i=10.5,k=-1})
return cjson.encode(cjson.decode('[1e3,-0,0.5,1E-2,12345678901234567890]'))
return cmsgpack.pack()
return cmsgpack.unpack('')
return cmsgpack.unpack('\147\1')
return cmsgpack.unpack('\193')
return cmsgpack.unpack()
return {cmsgpack.unpack_one(cmsgpack.pack(1,2,3))}
return {cmsgpack.unpack_limit(cmsgpack.pack(1,2,3),2)}
return {cmsgpack.unpack_limit(cmsgpack.pack(1,2,3),2,1)}
return {cmsgpack.unpack_limit(cmsgpack.pack(1,2,3),0,1)}
return {cmsgpack.unpack_one('\1',5)}
return {cmsgpack.unpack_one('\1',-1)}
return {cmsgpack.unpack_one('\1',1)}
return cmsgpack._NAME..cmsgpack._VERSION..cmsgpack._COPYRIGHT..cmsgpack._DESCRIPTION
return {cmsgpack.unpack_limit('\1',-1)}
return cmsgpack.pack(1,-1,127,128,255,256,65535,65536,4294967295,4294967296,-32,-33,-128,-129,-32768,-32769,-2147483648,-2147483649,1.5,1e300,true,false,nil,'abc',string.rep('x',40),string.rep('y',300),{1,2,3},{a=1},{},{1,nil,3})
return cmsgpack.pack({a={b={c={d={e={f={g={h={i={j={k={l={m={n={o={p={q=1}}}}}}}}}}}}}}}}})
local t=cmsgpack.unpack(cmsgpack.pack({1,'x',{y=2.5,z={}},true})) return cjson.encode(t)
return {cmsgpack.unpack(cmsgpack.pack(1,'x',2^40,-5,1.25))}
return struct.pack('>I2','x')
return struct.pack('z',1)
return struct.size('s')
return struct.size('c0')
return struct.size('>I3bh')
return struct.size('!4bi!8d')
return {struct.unpack('>I2','a')}
return {struct.unpack('>I2','abc',3)}
return {struct.unpack('>I2','abc',0)}
return struct.pack('I33',1)
return struct.pack('!3i',1)
return struct.pack('c5','ab')
return {struct.unpack('s','abc')}
return {struct.unpack('Bc0','\2abc')}
return {struct.unpack('c0','abc')}
return struct.pack('<hHiIlLbBfdsc3x','1',2,-3,4,5,6,-7,8,1.5,-2.5,'str','abcd')
return {struct.unpack('<hHiIlLbBfdsc3x',struct.pack('<hHiIlLbBfdsc3x','1',2,-3,4,5,6,-7,8,1.5,-2.5,'str','abcd'))}
return struct.pack('>!4bi2i','1',2,-3)
return bit.tohex(255,-4)
return bit.bor()
return bit.band('x')
return bit.tobit(2^40+5)
return bit.lshift(1,33)
return tostring(bit.bnot(0))
return {bit.tobit(0xffffffff),bit.bswap(0x12345678),bit.rol(0x12345678,8),bit.ror(0x12345678,8),bit.arshift(-256,4),bit.rshift(-256,4),bit.bxor(1,2,4),bit.band(7,14),bit.bor(1,8),bit.tobit(1.5),bit.tobit(2.5),bit.tobit(-1.5)}
return {bit.tohex(1),bit.tohex(-1),bit.tohex(255,2),bit.tohex(0x87654321,8),bit.tohex(1,0)}
local t={} for i=1,5 do t[i]=tostring(math.random(1,100)) end return t
math.randomseed(5) return tostring(math.random())
return math.random(0)
return math.random(1,2,3)
return math.random(2,1)
return string.format('%5.2s|%-5d|%05d|%+d|%x|%g|%e|%q|%c|%i|%u|%5.1f','abc',5,42,7,255,0.1,1e10,'a\nb\0"',65,3,-1,2.25)
return string.format('%10.3f|%-10s|%10s|% d|%#x|%o|%X|%G|%E|%.0f|%.14g|%%','1.5','ab','cd',5,255,8,255,1e-10,1.5,2.5,1/3)
return string.format('%s %s %s',1,'x',1.5)
return string.format('%y',1)
return string.format('%d','x')
return string.format('%d')
return string.format('%s',nil)
return string.format('%s',{})
return string.format('%123d',1)
return string.format('%d',1e10)..string.format('%d',-1.9)
return tostring(1e15)..' '..tostring(1e14)..' '..tostring(123456789012345)..' '..tostring(-0)..' '..tostring(0/0)..' '..tostring(2^53)
return {tostring(0.1),tostring(1e300),tostring(1e-5),tostring(123.456),tostring(1/0),tostring(-1/0),tostring(100),tostring(-5.5),tostring(1e100)}
return tostring(setmetatable({}, {__tostring=function() return 'z' end}))
return redis.status_reply('a\r\nb')
return {err='a\r\nb'}
local t = {} for k,v in pairs({a=1,b=2,c=3,d=4,e=5,10,20,[1.5]=1,[true]=2}) do t[#t+1]=tostring(k) end return t
local t,r={}, {} for i=1,30 do t['key'..i]=i end for k,v in pairs(t) do r[#r+1]=k end return r
local t,r={}, {} for i=1,30 do t[i*7]=i end for k,v in pairs(t) do r[#r+1]=k end return r
local t,r={}, {} for i=30,1,-1 do t[i]=i end for k,v in pairs(t) do r[#r+1]=k end return r
local t,r={x=1,y=2,z=3}, {} t.x=nil t.w=4 t[1.5]=5 t[-1]=6 t[0]=7 for k,v in pairs(t) do r[#r+1]=tostring(k) end return r
local t={} for i=1,100 do t[i]=i end for i=1,100,2 do t[i]=nil end return #t
local t={1,2,3,nil,5} return #t
local t={1,nil,3} return #t
local t={n=1,nil,nil,3} return #t
local t={} t[1]=1 t[2]=2 t[4]=4 return #t
return {loadstring('return 1 +')}
return loadstring('error(1)')()
return loadstring('error("x")')()
return loadstring('return 1, ...')(5)
return {load(function() return nil end)}
return select('#',unpack({1,2,nil,3}))
return select(-1,1,2)
return select(0)
return {select(2,'a','b','c')}
return ('x'):bad()
return #KEYS
return unpack({},1,1e8)
return {unpack({},1,8000)}
return {unpack({1,2,3},2)}
return table.unpack
return string.gsub('hello','l','%1%0')
return string.gsub('hello','(l','x')
return string.find('a','[a')
return string.find('a','%')
return string.gsub('x','x','%2')
return string.rep()
return {string.find('hello world','o w')}
return {string.find('hello','l+')}
return {string.find('hello','(l)(l)')}
return {string.match('key=val','(%w+)=(%w+)')}
return {string.gsub('abc','%w','%0%0')}
return {string.gsub('hello world','o','0',1)}
return {string.gsub('abc','b',{b='X'})}
return {string.gsub('abc','.',function(c) if c=='b' then return false end return c:upper() end)}
return {string.gsub('abc','','-')}
local t={} for w in string.gmatch('one two  three','%a+') do t[#t+1]=w end return t
local t={} for k,v in string.gmatch('a=1, b=2','(%w+)=(%w+)') do t[#t+1]=k..v end return t
return {string.byte('abc',1,-1)}
return {string.find('abc','b',1,true),string.find('a.c','.',1,true)}
return {string.sub('hello',2,-2),string.sub('hello',-3),string.sub('hello',0),string.sub('hello',10)}
return {string.find('a(b)c','%b()')}
return {string.match('  trim  ','^%s*(.-)%s*$')}
return {string.find('THE (quick) fox','%((%a+)%)')}
return string.char(72,101,300)
return string.char(72,101)
return {string.len('\0\0'),('abc'):rep(2),('abc'):reverse(),('aBc'):upper(),('aBc'):lower()}
return string.format('%q','\r\n\0')
for i=1,'3' do end return 'ok'
for i='a',3 do end return 'ok'
for i=1,3,'x' do end return 'ok'
for k in 5 do end
local t={} for i=10,1,-3 do t[#t+1]=i end return t
local t={} for i=1,2,0.5 do t[#t+1]=tostring(i) end return t
local t=setmetatable({},{__index=function(t,k) return k..'!' end}) return t.foo
local t=setmetatable({},{__newindex=function(t,k,v) rawset(t,k,v*2) end}) t.x=5 return t.x
local t=setmetatable({},{__call=function(self,a,b) return a+b end}) return t(1,2)
local mt={__add=function(a,b) return 'add' end,__concat=function(a,b) return 'cat' end,__eq=function() return true end,__lt=function() return true end,__le=function() return false end,__unm=function() return 'unm' end,__len=function() return 42 end} local a,b=setmetatable({},mt),setmetatable({},mt) return {a+1,1+a,a..'x','x'..a,tostring(a==b),tostring(a<b),tostring(a<=b),-a,#a}
return getmetatable('').__index == string
return newproxy
return _VERSION
return collectgarbage()
return type(nil)..type()
return tonumber('0x1F')..' '..tonumber('10',2)..' '..tostring(tonumber('z',36))..' '..tostring(tonumber('1e3'))..' '..tostring(tonumber('1 2'))..tostring(tonumber(''))
return {tostring(tonumber('010')),tostring(tonumber(' 5 ')),tostring(tonumber('5x')),tostring(tonumber('1_000')),tostring(tonumber('0b1')),tostring(tonumber('inf')),tostring(tonumber('1e')),tostring(tonumber('.5')),tostring(tonumber('5.')),tostring(tonumber(nil))}
return '010'+0
return redis.call('set','k','v','ex')
redis.call('set','k','v') return redis.call('incr','k')
return redis.call('set','k',1.5)
return redis.call('get',1)
redis.call('set','1.5','y') return redis.call('get',1.5)
redis.call('set','a',3.0) return redis.call('get','a')
redis.call('set','a',1e15) return redis.call('get','a')
return redis.call('ping')
return redis.call('echo','x')
return redis.call('select',1)
return redis.call('select',99)
redis.call('select',1) redis.call('set','in1','v') redis.call('select',0) return redis.call('exists','in1')
return redis.call('eval','return 1',0)
return redis.call('wait',0,0)
return redis.call('script','load','x')
return redis.call('object','nosuch','x')
return redis.call('object')
return redis.call('config','get','x')
return redis.call('client','id')
return redis.call('role')
return redis.call('hello')
return redis.call('debug','sleep',0)
return redis.call('shutdown')
return redis.call('reset')
return redis.call('quit')
return redis.call('auth','x')
redis.call('set',KEYS[1],'hi') return redis.call('get',KEYS[1])
redis.call('mset','m1','1','m2','2') return redis.call('mget','m1','nokey','m2')
return redis.call('del','m1','m2','nokey')
return redis.call('type','k1')
return redis.call('type','nokey')
return redis.call('type','k1').ok
return tostring(redis.call('get','nokey'))
if redis.call('get','nokey') then return 'y' else return 'n' end
return redis.call('exists','k1')+5
redis.call('set','a','b') error('after')
return redis.call('get','a')
local r = redis.pcall('incr','a') return r.err
local ok = pcall(redis.call,'incr','a') return tostring(ok)
return redis.call('incr','a')
return {redis.pcall('incr','a'), 'next'}
return assert(false)
return assert(nil,'m')
return assert(1==1,'m')
return {assert(1,2,3)}
return next({})
return {next({5})}
return next({},'x')
local t={1,2,3} table.insert(t,4) table.insert(t,1,0) table.remove(t) table.remove(t,1) return t
return table.insert({},1,2,3)
return table.insert({})
return {table.remove({})}
local t={5,3,1,4} table.sort(t) return t
local t={5,3,1,4} table.sort(t,function(a,b) return a>b end) return t
local t={3,1,'x'} table.sort(t) return t
local t={} for i=1,50 do t[i]=(i*7919)%101 end table.sort(t) return t
local t={3,2,1,5,4} table.sort(t,function(a,b) return true end) return t
return table.concat({1,2,3},', ',2,3)
return table.concat({},'x')
return table.maxn({1,2,[10]=3})
return table.getn({1,2,3})
return table.setn({},1)
local s=0 table.foreach({1,2,3},function(k,v) s=s+v end) return s
local s=0 table.foreachi({1,2,3},function(k,v) s=s+v end) return s
return {math.floor(1.5),math.ceil(1.5),math.abs(-1),math.max(1,5,3),math.min(4,2),math.sqrt(16),math.fmod(7,3),math.pow(2,10)}
return {tostring(math.sin(1)),tostring(math.cos(1)),tostring(math.tan(1)),tostring(math.exp(1)),tostring(math.log(10)),tostring(math.log10(1000)),tostring(math.pi),tostring(math.huge),tostring(math.asin(0.5)),tostring(math.acos(0.5)),tostring(math.atan(2)),tostring(math.atan2(1,-2)),tostring(math.sinh(1)),tostring(math.cosh(1)),tostring(math.tanh(1)),tostring(math.deg(1)),tostring(math.rad(90))}
return {tostring(math.modf(3.7)),tostring(math.frexp(10)),tostring(math.ldexp(0.5,4)),tostring(math.mod(7,4))}
return {tostring(2^0.5),tostring(2^-1),tostring((-2)^3),tostring((-2)^0.5),tostring(10^20),tostring(1.1^50),tostring(0^0),tostring(2^1000)}
return {tostring(5%3),tostring(-5%3),tostring(5%-3),tostring(5.5%2),tostring(5%0),tostring(-6%3)}
return 7/2
return tostring(7/2)
return 1 and 2 or 3
return nil and 1
return not nil
return (function(...) return select('#',...) end)(1,nil,nil)
local function f(...) return ... end return {f(1,2),f(3,4)}
local function f(...) return (...) end return {f(1,2)}
local function f(...) local a,b=... return {b,a} end return f(1,2)
local a,b,c = (function() return 1,2 end)() return {a,b,tostring(c)}
local a,b = 1,2 a,b = b,a return {a,b}
local t={} t[1],t[2]=5 return {t[1],tostring(t[2])}
local i=1 local t={} i,t[i]=i+1,20 return {i,t[1],tostring(t[2])}
local fs={} for i=1,3 do fs[i]=function() i=i+1 return i end end return {fs[1](),fs[1](),fs[2]()}
local x=1 local f=function() return x end pcall(error,'e') x=2 return f()
local c=0 local function inc() c=c+1 end pcall(function() inc() error('x') end) inc() return c
do local x=5 end return x
local x=1 do local x=2 end return x
local x=0 repeat local y=x x=x+1 until y>=3 return x
local x=0 while true do x=x+1 if x>5 then break end end return x
local t={} for i,v in ipairs({1,2,nil,4}) do t[#t+1]=v end return t
local function fib(n) if n<2 then return n end return fib(n-1)+fib(n-2) end return fib(15)
local function loop(n) if n==0 then return 'done' end return loop(n-1) end return loop(50000)
local co=coroutine.create(function(a) local b=coroutine.yield(a+1) return b*2 end) local r={} r[1],r[2]=coroutine.resume(co,1) r[3],r[4]=coroutine.resume(co,10) r[5]=coroutine.status(co) r[6],r[7]=coroutine.resume(co) for i=1,7 do r[i]=tostring(r[i]) end return r
local co=coroutine.wrap(function() error('inside') end) co()
local co=coroutine.create(function() error({err='E x'}) end) local ok,e=coroutine.resume(co) return {tostring(ok),e.err}
local co=coroutine.create(function() pcall(coroutine.yield,1) end) return {coroutine.resume(co)}
coroutine.yield(1)
local g=coroutine.wrap(function() for i=1,3 do coroutine.yield(i) end end) return {g(),g(),g()}
return coroutine.status(coroutine.create(function() end))
return type(coroutine.create(function() end))
return tostring(coroutine.running())
local t={} t.x=t return tostring(t.x==t)
local t=setmetatable({},{__metatable='locked'}) return getmetatable(t)
local t=setmetatable({},{__metatable='locked'}) setmetatable(t,{})
return rawequal('a','a')
return {rawget({x=1},'x'),rawget(setmetatable({},{__index={y=2}}),'y')}
return tostring(nil)..tostring(true)
return #'abc'
return 'a'..1 ..2.5
return -'2'
return '10'/2
return 2^10
return 10 == '10'
return 'a' < 'b'
return 'a' < 'B'
return '' < 'a'
return "\065\066\n"
return [==[a]]b]==]
return 0x10
return 1e2
return .5
return 3 -- comment
return 3 --[[ long comment ]] + 1
return {[1]=1,2}
return {1,2,3,}
return {a=1;b=2}
return {[KEYS[1]]='x',ok='y'}
local t = {f=function(self,x) return self.v+x end, v=10} return t:f(5)
local o={} function o.f(x) return x end function o:g(x) return self==o and x end return {o.f(1),o:g(2)}
local function f() end return {f()}
local function f() end return f()
return #{f=1}
return #{n=3}
return tostring(KEYS):sub(1,6)
KEYS[1]='changed' return KEYS[1]
ARGV=nil
KEYS={}
local KEYS={'x'} return KEYS[1]
return pcall
return type(pcall)
return {tostring(pcall(string.dump,1))}
return redis.call('incrbyfloat','f','0.1')
redis.setresp(3) return redis.call('get','nokey')
redis.setresp(3) return tostring(redis.call('get','nokey'))
redis.setresp(3) return true
redis.setresp(3) return {true,false}
return {big_number='123456789012345678901234567890'}
return {verbatim_string={string='text',format='txt'}}
return {set={a=true}}
return {map={}}
return {ok='a',err='b'}
return {err=5}
return {ok=5}
return {err={}}
return {[1]='a',[2]='b',ok=true}
return redis.call('SET', 'a', true)
return redis.call('SET', 'a', nil)
return redis.call(nil)
return redis.call('')
return {pcall(function() return redis.call('get') end)}
return {1,{2,{3,{4}}}}
return {{},{{}}}
return {'a',{err='E in'},{ok='S in'}}
return 2^53 == 2^53+1
return tostring(2^63)
return string.format('%d',2^63)
return 9007199254740993
return {9223372036854775807, -9223372036854775808, 1e18, 123456789012345678}
return tostring(-1e15)
return math.floor(-0.5)
return tostring(math.floor(-0.5))
return tostring(1e15+0.5)
return #string.rep('ab', 1000)
return unpack(ARGV)
return {unpack(ARGV)}
return loadstring('return KEYS[1]')()
local f=loadstring('x=1') f()
return {pcall(loadstring('error({err="T"})'))}
return string.gsub("hello world", "(o)", "<%1>")
return ("x"):rep(3)
return ("%d"):format(3.7)
return gcinfo() > 0
return (("a"):byte())
return string.find("abc", "(b)()")
return {string.find("", "")}
return {string.find("abc", "", 10)}
return {string.gsub("abc", "b*", "X")}
return {string.match("2024-01-15", "(%d+)-(%d+)-(%d+)")}
return {string.find("a\0b", "%z")}
return {string.match("x", "()")}
return {string.gsub("a.b", "%.", "%%")}
return string.match("[[x]]", "%[%[(.-)%]%]")
return string.find("aXb", "%u")
return {string.match("f(a(b)c)d", "%b()")}
return {string.gsub("THE (quick) fox", "%f[%a]%a+", string.lower)}
return string.gsub("x", "x", 5)
return string.gsub("x", "x", true)
return string.gsub("x", "x", function() return {} end)
`

// TestFunctionsAsRedis compares libraries, good and bad, and calls of their functions.
func TestFunctionsAsRedis(t *testing.T) {
	r, h := startRedis(t), newHarness(t)
	do := func(args ...string) {
		t.Helper()
		encoded := make([][]byte, len(args))
		for i, arg := range args {
			encoded[i] = []byte(arg)
		}
		r.same(h, encoded)
	}
	for _, code := range []string{"local x", "#!lua", "#!lua\nx", "#!lua name=a-b\nx", "#!lua name=lib1\nx=1", "#!lua name=lib1\nreturn 1", "#!lua name=l\nreturn 1 +",
		"#!lua name=lib3 name=lib4\n", "#!lua nam=lib3\n", "#!foo name=lib3\n", "#!lua name=\n", "#! name=x\n"} {
		do("FUNCTION", "LOAD", code)
	}
	for _, call := range []string{"('a b', function() end)", "('a', 1)", "('a')", "(1,2,3)", "()", "{foo=1}", "{function_name='x'}", "{callback=function() end}",
		"{function_name='x',callback=function() end, flags={'bad'}}", "{function_name='x',callback=function() end, flags=1}", "{1}", "{function_name=1}",
		"{function_name='x',callback=1}", "{function_name='x',description=1}", "(1, function() end)", "('x',function() end) redis.register_function('x',function() end)",
		"('x', function() end) redis.call('get','x')"} {
		do("FUNCTION", "LOAD", "#!lua name=lib3\nredis.register_function"+call)
		do("FUNCTION", "FLUSH")
	}
	const lib = `#!lua name=lib1
redis.register_function('f', function(keys, args) return redis.call('set', keys[1], args[1]) end)
redis.register_function{function_name='g', callback=function() return redis.call('set', 'x', 1) end, flags={'no-writes'}, description='desc'}
redis.register_function('h', function(keys, args) return {#keys, #args, x} end)
redis.register_function('e', function(keys, args) return redis.pcall('nosuch') end)
redis.register_function('k', function() return KEYS[1] end)`
	do("FUNCTION", "LOAD", lib)
	do("FUNCTION", "LOAD", lib)
	do("FUNCTION", "LOAD", "BOGUS", lib)
	do("FUNCTION", "LOAD", "#!lua name=lib2\nredis.register_function('f', function() end)")
	do("FUNCTION", "LOAD", "REPLACE", lib)
	for _, line := range []string{"FCALL f 1 k v", "FCALL g 0", "FCALL h 2 a b c", "FCALL_RO f 1 k v", "FCALL nosuch 0", "FCALL f a", "FCALL f 5", "FCALL f -1", "FCALL_RO g 0",
		"FCALL e 0", "FCALL k 0", "FCALL f 0", "FUNCTION LIST libraryname nosuch", "FUNCTION LIST foo", "FUNCTION LIST libraryname", "FUNCTION LIST withcode withcode",
		"FUNCTION STATS", "FUNCTION KILL", "SCRIPT KILL", "FUNCTION DELETE nosuch", "FUNCTION FLUSH foo", "FUNCTION FLUSH sync x", "SCRIPT FLUSH sync x", "FUNCTION RESTORE abc", "FUNCTION RESTORE abc foo",
		"FUNCTION RESTORE abc flush x", "SCRIPT FLUSH foo", "SCRIPT DEBUG foo", "SCRIPT DEBUG no", "SCRIPT foo", "FUNCTION foo", "SCRIPT HELP", "FUNCTION HELP",
		"FUNCTION LOAD", "SCRIPT LOAD", "SCRIPT EXISTS", "FUNCTION DELETE lib1", "FUNCTION STATS", "FUNCTION DUMP", "FUNCTION LIST", "EVAL x", "EVAL return 1",
		"EVALSHA abc a", "EVALSHA abc 1", "EVALSHA abc -1", "EVALSHA abc 0", "EVAL_RO return\\_1 0", "EVAL_RO return\\_redis.call('set','a','b') 0"} {
		r.same(h, words(line))
	}
}
